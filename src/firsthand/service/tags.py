"""The NFC tags of this workspace: which piece each is on, its keys, and the counter that must grow.

Two master keys are in the keystore. The key that opens the encrypted part is one for all tags, because the
UID is not known before; the key of the CMAC is a tag's own, diversified by its UID. A key taken out of one
tag therefore makes messages of that tag alone.
"""

from __future__ import annotations

import re
import secrets
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, select, update

from firsthand.errors import Conflict, InvalidInput, NotFound
from firsthand.identity.sun import (
    KEY_BYTES,
    MAC_BYTES,
    PICC_BYTES,
    UID_BYTES,
    Tap,
    check_mac,
    diversify,
    open_picc_data,
)
from firsthand.journal.database import reading
from firsthand.service.scan_verdict import Reason
from firsthand.service.tables import SCAN_TAG
from firsthand.service.trace import lot_uri
from firsthand.service.workspace import Workspace

__all__ = ["Message", "Tag", "TagKeys", "Tags", "lasting_secret", "parse_message"]

META_KEY: Final = "tag-meta"
FILE_KEY: Final = "tag-file"

_HEX: Final = re.compile(r"[0-9A-Fa-f]*")
_UNREAD: Final = -1


class Message(NamedTuple):
    """A SUN message: the encrypted PICC data, 16 bytes, and the CMAC, 8 bytes."""

    picc: bytes
    mac: bytes


class Tag(NamedTuple):
    """A tag by its UID (hex); `counter` is the highest proven, None before the first tap."""

    uid: str
    piece: str
    counter: int | None
    created: str


class TagKeys(NamedTuple):
    """What a tag is programmed with: K_SDMMetaRead and K_SDMFileRead, hex. Secret."""

    meta: str
    file: str


def parse_message(picc: str, mac: str) -> Message:
    """A message from the two values in a tag's link. Raises InvalidInput naming the one that is wrong."""
    return Message(_bytes("picc", picc, PICC_BYTES), _bytes("cmac", mac, MAC_BYTES))


class Tags:
    """The register of tags."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def add(self, piece: str, uid: str) -> Tag:
        """Put a tag on a piece, once. Raises InvalidInput, Conflict when the tag is on another piece."""
        number = _bytes("uid", uid, UID_BYTES)
        piece = lot_uri(piece)
        with self._workspace.engine.begin() as connection:
            row = connection.execute(select(SCAN_TAG).where(SCAN_TAG.c.uid == number)).first()
            if row is None:
                values = {"uid": number, "piece": piece, "counter": _UNREAD, "created": self._workspace.now()}
                connection.execute(SCAN_TAG.insert().values(values))
            elif row.piece != piece:
                raise Conflict(f"the tag {uid.upper()} is on {row.piece}; a tag is never moved")
        return self.get(uid)

    def get(self, uid: str) -> Tag:
        """A tag by its UID in hex. Raises NotFound."""
        number = _bytes("uid", uid, UID_BYTES)
        found = self._select(select(SCAN_TAG).where(SCAN_TAG.c.uid == number))
        if found:
            return found[0]
        raise NotFound(f"this workspace knows no tag {uid[:40]!r}; add it with `firsthand scan tag add`")

    def all(self, piece: str | None = None) -> list[Tag]:
        """All tags by their UIDs, or those of one piece."""
        query = select(SCAN_TAG).order_by(SCAN_TAG.c.uid)
        if piece is not None:
            query = query.where(SCAN_TAG.c.piece == lot_uri(piece))
        return self._select(query)

    def _select(self, query: Select[Any]) -> list[Tag]:
        with reading(self._workspace.engine) as connection:
            return [
                Tag(
                    row.uid.hex().upper(),
                    row.piece,
                    None if row.counter == _UNREAD else row.counter,
                    row.created,
                )
                for row in connection.execute(query)
            ]

    def keys(self, uid: str) -> TagKeys:
        """The keys to program a tag with. Raises NotFound when it was not added before."""
        tag = self.get(uid)
        own = diversify(self._master(FILE_KEY), bytes.fromhex(tag.uid))
        return TagKeys(self._master(META_KEY).hex().upper(), own.hex().upper())

    def read(self, message: Message) -> Tap:
        """Which tag made a message. Raises InvalidInput when no tag of this workspace did."""
        tap = open_picc_data(self._master(META_KEY), message.picc)
        check_mac(diversify(self._master(FILE_KEY), tap.uid), tap, message.mac)
        return tap

    def accept(self, connection: Connection, tap: Tap, piece: str) -> Reason | None:
        """Take a tap that `read` checked for a scan of this piece, and its counter with it.

        None when it holds, else why not: a tag that is not known, one of another piece, or a message used
        before. The counter is compared and stored in one statement: of two who send the same message, one
        is refused.
        """
        on = connection.execute(select(SCAN_TAG.c.piece).where(SCAN_TAG.c.uid == tap.uid)).scalar()
        if on is None:
            return Reason("tag-unknown", "its tag is not registered on any piece")
        if on != piece:
            return Reason("tag-of-another", "its tag belongs to another piece")
        grown = update(SCAN_TAG).where(SCAN_TAG.c.uid == tap.uid, SCAN_TAG.c.counter < tap.counter)
        if connection.execute(grown.values(counter=tap.counter)).rowcount != 1:
            return Reason(
                "tag-replayed", "this message of the tag was used before: a copied link, unless you tap anew"
            )
        return None

    def piece_of(self, tap: Tap) -> str:
        """The piece that a tag is on. Raises NotFound."""
        return self.get(tap.uid.hex()).piece

    def _master(self, name: str) -> bytes:
        return lasting_secret(self._workspace, name, KEY_BYTES)


def lasting_secret(workspace: Workspace, name: str, size: int) -> bytes:
    """The keystore's secret of that name, random when it is first asked for."""
    try:
        return workspace.keystore.get(name)
    except NotFound:
        return workspace.keystore.get_or_put(name, secrets.token_bytes(size))


def _bytes(name: str, text: str, size: int) -> bytes:
    if len(text) != 2 * size or not _HEX.fullmatch(text):
        raise InvalidInput(f"expected {2 * size} hex digits, got {text[:40]!r}", f"$.{name}")
    return bytes.fromhex(text)
