"""A workspace: one folder with `firsthand.toml`, `firsthand.db`, `keystore.json` and, where anything is
sealed, `sealing-keys.db`, opened.

This is the one place that puts the rooms together: stores, projections, keys and clock. The chain's
adapters join it in `service.chain_access`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from firsthand.errors import NotFound, WorkspaceError
from firsthand.identity.key_stores import key_store
from firsthand.identity.keys import SigningKey
from firsthand.identity.keystore import Keystore
from firsthand.identity.sealing_keys import SealingKeys
from firsthand.journal.database import database_url, open_engine
from firsthand.journal.store import DatabaseJournal
from firsthand.ledger.anchors import AnchorLedger
from firsthand.ledger.confirmations import ConfirmationLedger
from firsthand.ledger.credentials import CredentialLedger
from firsthand.ledger.event_index import EventIndex
from firsthand.ledger.log_tree import LogTree
from firsthand.ledger.members import MemberRegister
from firsthand.ledger.parties import PartyLedger
from firsthand.ledger.payouts import PayoutLedger
from firsthand.ledger.places import PlaceTree
from firsthand.ledger.sealed_fields import SealedFields
from firsthand.profiles import Profile, load_profile, profile_names
from firsthand.service.profiles import FOLDER
from firsthand.service.schema import check_version, make_tables
from firsthand.service.settings import FILE_NAME, Settings, load_settings, write_settings

__all__ = ["DATABASE", "KEYSTORE", "SEALING_KEYS", "Workspace", "create_workspace", "utc_now"]

DATABASE: Final = "firsthand.db"
KEYSTORE: Final = "keystore.json"
SEALING_KEYS: Final = "sealing-keys.db"

LOG_KEY: Final = "log"
WALLET_KEY: Final = "wallet"


def utc_now() -> str:
    """The time as RFC 3339 in UTC, in seconds; the one place that reads the clock for records."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Workspace:
    """An open workspace; its keystore is opened, and the passphrase asked for, when first needed."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        engine: Engine,
        passphrase: Callable[[], str],
        now: Callable[[], str] = utc_now,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.engine = engine
        self.now = now
        self._passphrase = passphrase
        self.index = EventIndex(engine)
        self.tree = LogTree(engine)
        self.parties = PartyLedger(engine)
        self.anchors = AnchorLedger(engine)
        self.places = PlaceTree(engine)
        self.members = MemberRegister(engine)
        self.confirmations = ConfirmationLedger(engine)
        self.credentials = CredentialLedger(engine)
        self.sealed = SealedFields(engine)
        self.payouts = PayoutLedger(engine, self.parties)
        projections = (
            self.parties,
            self.tree,
            self.index,
            self.places,
            self.members,
            self.confirmations,
            self.credentials,
            self.sealed,
            self.payouts,
        )
        self.journal = DatabaseJournal(engine, now, projections)
        self._signing_keys: dict[str, SigningKey] = {}

    @classmethod
    def open(cls, folder: Path, passphrase: Callable[[], str], *, any_version: bool = False) -> Workspace:
        """Open the workspace in this folder; `any_version` is for upgrading it. Raises WorkspaceError."""
        settings = load_settings(folder)
        url = database_url(settings.database.url, folder, DATABASE)
        if url.drivername == "sqlite" and not Path(str(url.database)).is_file():
            raise WorkspaceError(f"the journal {url.database} is missing")
        engine = open_engine(url)
        if not any_version:
            check_version(engine)
        return cls(folder, settings, engine, passphrase)

    @staticmethod
    def needs_passphrase(folder: Path) -> bool:
        """Whether the keystore in a workspace's folder has a passphrase. Raises WorkspaceError."""
        load_settings(folder)
        return not Keystore.has_empty_passphrase(folder / KEYSTORE)

    @cached_property
    def keystore(self) -> Keystore:
        """The open keystore. Raises WrongPassphrase."""
        path = self.folder / KEYSTORE
        return Keystore.open(path, "" if Keystore.has_empty_passphrase(path) else self._passphrase())

    @cached_property
    def sealing_keys(self) -> SealingKeys:
        """The keys of sealed fields, apart from the journal and its backups."""
        store = key_store(self.settings.sealing.keys or SEALING_KEYS, self.folder)
        return SealingKeys(store, self.keystore)

    @cached_property
    def log_key(self) -> SigningKey:
        """The log's own key: it signs checkpoints and receipts."""
        return SigningKey.from_secret(self.keystore.get(LOG_KEY))

    @cached_property
    def wallet_secret(self) -> bytes:
        """The wallet's private key, 32 bytes."""
        return self.keystore.get(WALLET_KEY)

    def signing_key(self, did: str) -> SigningKey:
        """The private key of a did:key that this workspace holds. Raises NotFound."""
        if did not in self._signing_keys:
            self._signing_keys[did] = SigningKey.from_secret(self.keystore.get(f"key:{did}"))
        return self._signing_keys[did]

    def held_key(self, dids: tuple[str, ...]) -> SigningKey:
        """The first of these keys that this workspace holds. Raises NotFound."""
        for did in dids:
            try:
                return self.signing_key(did)
            except NotFound:
                continue
        raise NotFound(
            f"this workspace's keystore holds none of the keys {', '.join(dids) or '(none in force)'}"
        )

    def profile_names(self) -> list[str]:
        """The crafts that this workspace knows: its own and those that ship."""
        return profile_names(self.folder / FOLDER)

    def profile(self, name: str) -> Profile:
        """A craft's profile: the workspace's own if it has one, else the one that ships.

        Raises NotFound, or UnreadableInput or InvalidInput when its file is wrong.
        """
        return load_profile(name, self.folder / FOLDER)

    def new_signing_key(self) -> SigningKey:
        """Make an Ed25519 key and put it into the keystore before anything names it."""
        key = SigningKey.generate("Ed25519", secrets.token_bytes)
        self.keystore.put(f"key:{key.did}", key.to_secret())
        return key


def create_workspace(
    folder: Path,
    settings: Settings,
    passphrase: str,
    now: Callable[[], str] = utc_now,
    database: str = "",
) -> Workspace:
    """Make a workspace in a folder that has none, with all tables in its database.

    `database` is the URL to open now, with the password that the settings must not hold.

    Raises WorkspaceError when there is one, or when the database that the settings name is not empty. The
    settings file is written last: a folder without it is no workspace, so a crash in the middle leaves
    nothing that could be taken for one.
    """
    if (folder / FILE_NAME).exists():
        raise WorkspaceError(f"{folder} is a Firsthand workspace already")
    for name in (DATABASE, KEYSTORE, SEALING_KEYS):
        if (folder / name).exists():
            raise WorkspaceError(
                f"{folder / name} is there without {FILE_NAME}: left by an `init` that was cut off, "
                "or a workspace that lost its settings; move it away or restore the settings"
            )
    folder.mkdir(parents=True, exist_ok=True)
    # A database that cannot be had is the likeliest to fail: before it, nothing is left behind.
    engine = open_engine(database_url(database or settings.database.url, folder, DATABASE))
    make_tables(engine)
    keystore = Keystore.create(folder / KEYSTORE, passphrase)
    keystore.put(LOG_KEY, SigningKey.generate("Ed25519", secrets.token_bytes).to_secret())
    keystore.put(WALLET_KEY, _wallet_secret())
    write_settings(folder, settings)
    return Workspace(folder, settings, engine, lambda: passphrase, now)


def _wallet_secret() -> bytes:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    while True:
        secret = secrets.token_bytes(32)
        if 0 < int.from_bytes(secret, "big") < order:
            return secret
