"""Credentials, status lists and the trust list: what the journal's entries come to, and the credentials kept.

The journal holds digests of credentials only. What they say stands in the table `credential` and nowhere
else, and is handed over by its holder; a backup of the journal without this table loses the certificates,
not the proof of when they were issued or revoked. Status lists and trust list are projections: they can be
filled anew from the journal.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    select,
    update,
)

from firsthand.errors import InvalidInput
from firsthand.events.identifiers import canonical
from firsthand.journal.database import KEY, Statement, bulk_insert, reading
from firsthand.journal.protocol import NewEntry
from firsthand.journal.store import ENTRY, METADATA
from firsthand.ledger.event_index import key_text
from firsthand.ledger.statements import StatementProjection
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.credential_record import RECORD_TYPE, parse_record
from firsthand.proof.status_list import (
    LIST_TYPE,
    StatusChange,
    bits_root,
    changed_bits,
    check_follows,
    parse_change,
)
from firsthand.proof.trust_list import TRUST_TYPE, TrustList, check_version, parse_trust_list

__all__ = [
    "CREDENTIAL",
    "CREDENTIAL_SUBJECT",
    "STATUS_CHANGE",
    "STATUS_LIST",
    "CredentialLedger",
    "KeptCredential",
    "ListState",
    "PlacedChange",
]

CREDENTIAL: Final = Table(
    "credential",
    METADATA,
    Column("leaf", LargeBinary, primary_key=True),
    Column("id", KEY, nullable=False, index=True),
    Column("type", KEY, nullable=False),
    Column("profile", String, nullable=False),
    Column("issuer", KEY, nullable=False, index=True),
    Column("key", String, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("confidential", Boolean, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("ix_credential_place", "place", "position"),
)
"""`position` is its index in the record at `place`; `type` the name of its kind in the profile, or empty."""

CREDENTIAL_SUBJECT: Final = Table(
    "credential_subject",
    METADATA,
    Column("subject", KEY, primary_key=True),
    Column("leaf", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
"""Whom or what each credential is of, in canonical spelling."""

STATUS_LIST: Final = Table(
    "status_list",
    METADATA,
    Column("list", KEY, primary_key=True),
    Column("issuer", KEY, primary_key=True),
    Column("purpose", KEY, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("bits", LargeBinary),
    sqlite_with_rowid=False,
)
"""Each list as of its last change; `bits` are kept of those that are changed here, not of observed ones."""

STATUS_CHANGE: Final = Table(
    "status_change",
    METADATA,
    Column("list", KEY, primary_key=True),
    Column("issuer", KEY, primary_key=True),
    Column("purpose", KEY, primary_key=True),
    Column("place", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)
"""Where in the log the changes of each list stand."""

_CHUNK: Final = 500


class KeptCredential(msgspec.Struct, frozen=True, gc=False):
    """A credential with where it is on record; the document is its canonical form."""

    leaf: bytes
    id: str
    type: str
    profile: str
    issuer: str
    key: str
    place: int
    position: int
    confidential: bool
    document: bytes


@dataclass(frozen=True, slots=True)
class ListState:
    """A status list after its last change; `bits` None for one that is only observed."""

    list: str
    issuer: str
    purpose: str
    number: int
    place: int
    leaf: bytes
    length: int
    bits: bytes | None


@dataclass(frozen=True, slots=True)
class PlacedChange:
    """A change of a status list with its place in the log and its leaf hash."""

    place: int
    leaf: bytes
    document: dict[str, Any]
    change: StatusChange


class CredentialLedger(StatementProjection):
    """A projection of the status lists' changes, and the keeper of credentials, which are not derived."""

    kinds = frozenset({LIST_TYPE})
    tables = (STATUS_LIST, STATUS_CHANGE)

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        """Admit a change that follows the last one; hold every document to its form. Raises InvalidInput."""
        super().entry(connection, place, leaf, entry)
        if entry.kind == TRUST_TYPE:
            version = parse_trust_list(parse_canonical(entry.document))
            before = _last_trust(connection, place)
            check_version(version, before[0] if before else None, before[1] if before else None)
        elif entry.kind == RECORD_TYPE:
            parse_record(parse_canonical(entry.document))

    def keep(
        self, connection: Connection, rows: Sequence[KeptCredential], subjects: Sequence[tuple[str, ...]]
    ) -> None:
        """Store credentials in the transaction that puts them on record; with each, whom it is of."""
        found = [
            (key_text(subject), row.leaf)
            for row, named in zip(rows, subjects, strict=True)
            for subject in dict.fromkeys(map(canonical, named))
        ]
        bulk_insert(connection, CREDENTIAL, map(_ROW, rows))
        bulk_insert(connection, CREDENTIAL_SUBJECT, found)

    def by_id(self, credential_id: str) -> list[KeptCredential]:
        """The credentials of that ID, in the order of their places: an issuer may reissue one."""
        return self._credentials(CREDENTIAL.c.id == credential_id)

    def by_leaf(self, leaf: bytes) -> KeptCredential | None:
        """The credential with that leaf hash."""
        found = self._credentials(CREDENTIAL.c.leaf == leaf)
        return found[0] if found else None

    def of(self, subjects: Sequence[str]) -> list[KeptCredential]:
        """All credentials that speak of one of these parties, lots, pieces or places."""
        found = {one.leaf: one for some in self.by_subject(subjects).values() for one in some}
        return sorted(found.values(), key=lambda one: (one.place, one.position))

    def by_subject(self, subjects: Collection[str]) -> dict[str, list[KeptCredential]]:
        """The credentials that speak of each of these parties, lots, pieces or places, by their places."""
        keys = {subject: key_text(canonical(subject)) for subject in subjects}
        wanted = list(dict.fromkeys(keys.values()))
        pairs: list[tuple[str, bytes]] = []
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _CHUNK):
                chunk = wanted[start : start + _CHUNK]
                marks = ", ".join("?" * len(chunk))
                query = Statement(f"SELECT subject, leaf FROM credential_subject WHERE subject IN ({marks})")
                pairs += query.run(connection, *chunk).fetchall()
        known = self._by_leaf({leaf for _, leaf in pairs})
        found: dict[str, list[KeptCredential]] = {key: [] for key in wanted}
        for key, leaf in pairs:
            found[key].append(known[leaf])
        for some in found.values():
            some.sort(key=lambda one: (one.place, one.position))
        return {subject: found[key] for subject, key in keys.items()}

    def _by_leaf(self, leaves: Collection[bytes]) -> dict[bytes, KeptCredential]:
        wanted = list(leaves)
        found: dict[bytes, KeptCredential] = {}
        for start in range(0, len(wanted), _CHUNK):
            some = self._credentials(CREDENTIAL.c.leaf.in_(wanted[start : start + _CHUNK]))
            found |= {one.leaf: one for one in some}
        return found

    def all(self, issuer: str | None = None) -> list[KeptCredential]:
        """All that are kept here, or those of one issuer."""
        return self._credentials(CREDENTIAL.c.issuer == issuer if issuer is not None else None)

    def recorded_together(self, place: int) -> list[bytes]:
        """The leaves of all credentials of the record at a place, in order."""
        return [one.leaf for one in self._credentials(CREDENTIAL.c.place == place)]

    def list_state(
        self, url: str, issuer: str, purpose: str, connection: Connection | None = None
    ) -> ListState | None:
        """A status list as this issuer last changed or observed it."""
        query = select(STATUS_LIST).where(
            STATUS_LIST.c.list == url, STATUS_LIST.c.issuer == issuer, STATUS_LIST.c.purpose == purpose
        )
        if connection is not None:
            row = connection.execute(query).first()
        else:
            with reading(self._engine) as own:
                row = own.execute(query).first()
        return ListState(*row) if row is not None else None

    def lists(self, issuer: str | None = None) -> list[ListState]:
        """All status lists, or those of one issuer."""
        query = select(STATUS_LIST).order_by(STATUS_LIST.c.list)
        if issuer is not None:
            query = query.where(STATUS_LIST.c.issuer == issuer)
        with reading(self._engine) as connection:
            return [ListState(*row) for row in connection.execute(query)]

    def changes(self, url: str, issuer: str, purpose: str) -> list[PlacedChange]:
        """Every change of a list that this issuer made or observed, in order."""
        places = select(STATUS_CHANGE.c.place).where(
            STATUS_CHANGE.c.list == url,
            STATUS_CHANGE.c.issuer == issuer,
            STATUS_CHANGE.c.purpose == purpose,
        )
        query = select(ENTRY.c.place, ENTRY.c.leaf, ENTRY.c.document).where(ENTRY.c.place.in_(places))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(ENTRY.c.place)).all()
        return [PlacedChange(place, leaf, *_read(document)) for place, leaf, document in rows]

    def trust(self, before: int | None = None) -> tuple[TrustList, bytes, int] | None:
        """The trust list as of a place (None: now): the version, its leaf hash and its place."""
        with reading(self._engine) as connection:
            return _last_trust(connection, before)

    def take(self, connection: Connection, place: int, leaf: bytes, document: bytes) -> None:
        """Bring a change of a status list into the lists. Raises Conflict or InvalidInput."""
        change = parse_change(parse_canonical(document))
        state = self.list_state(change.list, change.issuer, change.purpose, connection)
        before = None
        if state is not None:
            row = connection.execute(
                select(ENTRY.c.document).where(ENTRY.c.place == state.place)
            ).scalar_one()
            before = parse_change(parse_canonical(row))
        check_follows(change, before, state.leaf if state else None)
        bits = None
        if change.observed is None:
            held = state.bits if state is not None else None
            bits = changed_bits(held if held is not None else bytes(change.length // 8), change)
            if bits_root(bits) != change.root:
                raise InvalidInput("is not the root of the list with these entries changed", "$.root")
        chain = {"list": change.list, "issuer": change.issuer, "purpose": change.purpose}
        values = {
            "number": change.number,
            "place": place,
            "leaf": leaf,
            "length": change.length,
            "bits": bits,
        }
        if state is None:
            connection.execute(STATUS_LIST.insert(), {**chain, **values})
        else:
            its_own = [STATUS_LIST.c[name] == value for name, value in chain.items()]
            connection.execute(update(STATUS_LIST).where(*its_own).values(values))
        connection.execute(STATUS_CHANGE.insert(), {**chain, "place": place})

    def _credentials(self, condition: Any) -> list[KeptCredential]:
        query = select(CREDENTIAL).order_by(CREDENTIAL.c.place, CREDENTIAL.c.position)
        if condition is not None:
            query = query.where(condition)
        with reading(self._engine) as connection:
            return [KeptCredential(*row) for row in connection.execute(query)]


_ROW: Final = attrgetter(*(column.name for column in CREDENTIAL.columns))


def _read(document: bytes) -> tuple[dict[str, Any], StatusChange]:
    value = parse_canonical(document)
    return value, parse_change(value)


def _last_trust(connection: Connection, before: int | None) -> tuple[TrustList, bytes, int] | None:
    query = select(ENTRY.c.document, ENTRY.c.leaf, ENTRY.c.place).where(ENTRY.c.kind == TRUST_TYPE)
    if before is not None:
        query = query.where(ENTRY.c.place < before)
    row = connection.execute(query.order_by(ENTRY.c.place.desc()).limit(1)).first()
    return None if row is None else (parse_trust_list(parse_canonical(row[0])), row[1], row[2])
