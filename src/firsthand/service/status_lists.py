"""Status lists of certifiers here: seats on them, and changing what stands there.

A certifier has pairs of lists, one for each purpose, of the smallest size that the standard allows and more
when one is full. Which seat a credential gets is scattered, so that neighbours on a list say nothing about
who was certified together. Every change is journaled before the list is published anew.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select, update

from firsthand.errors import InvalidInput, NotFound
from firsthand.identity.credentials import published_list
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.journal.database import reading
from firsthand.journal.protocol import Appended, NewEntry
from firsthand.ledger.credentials import ListState
from firsthand.proof.canonical import canonical
from firsthand.proof.capture import SeenBlock
from firsthand.proof.credential import StatusEntry
from firsthand.proof.status_list import (
    LEAST,
    LIST_TYPE,
    PURPOSES,
    StatusChange,
    bit_of,
    bits_root,
    change_document,
    changed_bits,
)
from firsthand.service.receipts import sign_receipt
from firsthand.service.tables import PUBLISHED_LIST, STATUS_SEATS
from firsthand.service.workspace import Workspace

__all__ = [
    "MOST_AT_ONCE",
    "StatusMade",
    "change_entry",
    "change_status",
    "is_set",
    "list_url",
    "published",
    "take_seats",
]

MOST_AT_ONCE: Final = 5_000
"""Entries that one change sets and clears: it then stays below the size of a document of the log."""

LIFE_DAYS: Final = 7
"""Days for which a published list may be relied on; it is signed anew after half of them."""

_ATTEMPTS: Final = 20
_CHANGING: Final = threading.Lock()
"""Changes of one process take turns; of several, whoever comes second looks again."""


@dataclass(frozen=True, slots=True)
class StatusMade:
    """A journaled change: the list, its place, and the log's receipt for it."""

    list: str
    place: int
    changed: int
    receipt: dict[str, Any]


def take_seats(
    workspace: Workspace, issuer: str, key: SigningKey, count: int
) -> list[tuple[StatusEntry, ...]]:
    """Seats for so many credentials: for each its entries on the list of every purpose.

    The first of a new pair of lists is journaled, all clear, before any credential names it.
    """
    seats: list[tuple[StatusEntry, ...]] = []
    while len(seats) < count:
        with workspace.engine.begin() as connection:
            seats += _take(connection, workspace, issuer, count - len(seats))
        if len(seats) < count:
            _new_pair(workspace, issuer, key)
    return seats


def change_status(
    workspace: Workspace,
    issuer: str,
    entries: Sequence[StatusEntry],
    value: bool,
    after: SeenBlock | None = None,
) -> list[StatusMade]:
    """Set or clear these entries of the issuer's lists; what stands so already is left as it is.

    Empty when nothing changes. Raises NotFound when the issuer's key or the list is not of this workspace.
    """
    party = workspace.parties.find(issuer)
    key = workspace.held_key(party.keys)
    made: list[StatusMade] = []
    for url, purpose in dict.fromkeys((entry.list, entry.purpose) for entry in entries):
        indexes = sorted({entry.index for entry in entries if entry.list == url})
        for start in range(0, len(indexes), MOST_AT_ONCE):
            some = indexes[start : start + MOST_AT_ONCE]
            with _CHANGING:
                made += _change(workspace, (url, party.uri, purpose), key, some, value, after)
    return made


def is_set(workspace: Workspace, issuer: str, entry: StatusEntry) -> bool:
    """Whether a credential's bit is set on a list that the issuer keeps here."""
    state = workspace.credentials.list_state(entry.list, issuer, entry.purpose)
    return state is not None and state.bits is not None and bit_of(state.bits, entry.index)


def published(workspace: Workspace, name: str) -> bytes:
    """The published status list of that name (the last part of its URL), signed, in canonical form.

    It is signed anew when the list has changed, or when half of its life is over. Raises NotFound.
    """
    url = list_url(workspace, name)
    states = [
        state for state in workspace.credentials.lists() if state.list == url and state.bits is not None
    ]
    if not states:
        raise NotFound(f"there is no status list {name!r}")
    state = states[0]
    row = _published_row(workspace, url)
    now = workspace.now()
    if row is not None and row.leaf == state.leaf and now < row.renew:
        return bytes(row.document)
    return _publish(workspace, state, now)


def list_url(workspace: Workspace, name: str) -> str:
    """The URL of a status list of this workspace."""
    return f"{workspace.settings.uri.rstrip('/')}/status/{name}"


def _take(
    connection: Connection, workspace: Workspace, issuer: str, count: int
) -> list[tuple[StatusEntry, ...]]:
    query = select(STATUS_SEATS).where(
        STATUS_SEATS.c.issuer == issuer, STATUS_SEATS.c.taken < STATUS_SEATS.c.length
    )
    row = connection.execute(query.order_by(STATUS_SEATS.c.name).limit(1)).first()
    if row is None:
        return []
    end = min(row.length, row.taken + count)
    connection.execute(update(STATUS_SEATS).where(STATUS_SEATS.c.name == row.name).values(taken=end))
    urls = {purpose: list_url(workspace, f"{row.name}-{purpose}") for purpose in PURPOSES}
    return [
        tuple(
            StatusEntry(purpose, urls[purpose], (row.offset + number * row.stride) % row.length)
            for purpose in PURPOSES
        )
        for number in range(row.taken, end)
    ]


def _new_pair(workspace: Workspace, issuer: str, key: SigningKey) -> None:
    name = secrets.token_hex(8)
    root = bits_root(bytes(LEAST // 8))
    # Odd, and so without a common factor with the length: every seat is taken once.
    seats = {
        "name": name,
        "issuer": issuer,
        "length": LEAST,
        "offset": int.from_bytes(secrets.token_bytes(8), "big") % LEAST,
        "stride": int.from_bytes(secrets.token_bytes(8), "big") % LEAST | 1,
        "taken": 0,
    }
    entries = []
    for purpose in PURPOSES:
        url = list_url(workspace, f"{name}-{purpose}")
        change = StatusChange(issuer, url, purpose, 0, None, LEAST, root, (), (), None)
        entries.append(change_entry(workspace, change, key))

    def also(connection: Connection, _: Sequence[Appended]) -> None:
        connection.execute(STATUS_SEATS.insert(), seats)

    workspace.journal.append(entries, also)


def _change(
    workspace: Workspace,
    chain: tuple[str, str, str],
    key: SigningKey,
    indexes: Sequence[int],
    value: bool,
    after: SeenBlock | None,
) -> list[StatusMade]:
    for attempt in range(_ATTEMPTS):
        state = workspace.credentials.list_state(*chain)
        if state is None or state.bits is None:
            raise NotFound(f"{chain[0]} is no status list that {chain[1]} keeps here")
        bits = state.bits
        changing = tuple(index for index in indexes if bit_of(bits, index) is not value)
        if not changing:
            return []
        change = _next(state, changing, value, after)
        try:
            (appended,) = workspace.journal.append([change_entry(workspace, change, key)])
        except InvalidInput as error:
            # Another process changed the list meanwhile: look again.
            if error.path != "$.previous" or attempt == _ATTEMPTS - 1:
                raise
            continue
        return [StatusMade(chain[0], appended.place, len(changing), sign_receipt(workspace, appended))]
    raise AssertionError("the loop returns or raises")


def _next(state: ListState, changing: tuple[int, ...], value: bool, after: SeenBlock | None) -> StatusChange:
    assert state.bits is not None
    change = StatusChange(
        issuer=state.issuer,
        list=state.list,
        purpose=state.purpose,
        number=state.number + 1,
        previous=state.leaf,
        length=state.length,
        root=b"",
        set=changing if value else (),
        cleared=() if value else changing,
        observed=None,
        after=after,
    )
    return replace(change, root=bits_root(changed_bits(state.bits, change)))


def change_entry(workspace: Workspace, change: StatusChange, key: SigningKey) -> NewEntry:
    """The journal's entry for a change, signed."""
    created = workspace.now()
    signed = secure(change_document(change, created), key, created)
    return NewEntry(LIST_TYPE, change.issuer, canonical(signed), key.did)


def _publish(workspace: Workspace, state: ListState, now: str) -> bytes:
    assert state.bits is not None
    party = workspace.parties.find(state.issuer)
    key = workspace.held_key(party.keys)
    moment = datetime.fromisoformat(now)
    until, renew = (
        (moment + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ") for days in (LIFE_DAYS, LIFE_DAYS / 2)
    )
    document = canonical(published_list(state.list, state.purpose, state.bits, state.issuer, key, now, until))
    values = {"leaf": state.leaf, "renew": renew, "document": document}
    with workspace.engine.begin() as connection:
        connection.execute(PUBLISHED_LIST.delete().where(PUBLISHED_LIST.c.list == state.list))
        connection.execute(PUBLISHED_LIST.insert(), {"list": state.list, **values})
    return document


def _published_row(workspace: Workspace, url: str) -> Any:
    with reading(workspace.engine) as connection:
        return connection.execute(select(PUBLISHED_LIST).where(PUBLISHED_LIST.c.list == url)).first()
