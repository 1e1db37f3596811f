"""Which events were acknowledged or counter-signed, and where in the log that stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, insert, select

from firsthand.errors import Conflict
from firsthand.journal.database import KEY, reading
from firsthand.journal.store import METADATA
from firsthand.ledger.statements import StatementProjection
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.confirmation import CONFIRMATIONS, parse_confirmation

__all__ = ["CONFIRMATION", "ConfirmationLedger"]

CONFIRMATION: Final = Table(
    "confirmation",
    METADATA,
    Column("leaf", LargeBinary, primary_key=True),
    Column("place", BigInteger, primary_key=True),
    Column("kind", KEY, nullable=False),
    Column("issuer", KEY, nullable=False),
    Column("code", KEY, unique=True),
)
"""`leaf` is the confirmed event's; a code stands in the log once."""


class ConfirmationLedger(StatementProjection):
    """A projection of the journal's acknowledgements and counter-signatures."""

    kinds = CONFIRMATIONS
    tables = (CONFIRMATION,)

    def of(self, leaves: Sequence[bytes]) -> dict[bytes, list[tuple[int, str, str]]]:
        """Place, kind and issuer of the confirmations of these events, by the events' leaves."""
        found: dict[bytes, list[tuple[int, str, str]]] = {}
        query = select(CONFIRMATION).order_by(CONFIRMATION.c.place)
        with reading(self._engine) as connection:
            for at in range(0, len(leaves), 500):
                some = CONFIRMATION.c.leaf.in_(leaves[at : at + 500])
                for row in connection.execute(query.where(some)):
                    found.setdefault(row.leaf, []).append((row.place, row.kind, row.issuer))
        return found

    def take(self, connection: Connection, place: int, leaf: bytes, document: bytes) -> None:
        """Record whom a confirmation is of. Raises Conflict for a code that was used before."""
        stated = parse_confirmation(parse_canonical(document))
        if stated.code is not None:
            used = select(CONFIRMATION.c.place).where(CONFIRMATION.c.code == stated.code)
            before = connection.execute(used).scalar()
            if before is not None:
                raise Conflict(f"this code was used already: place {before} in the log")
        of_all = {"place": place, "kind": stated.kind, "issuer": stated.issuer, "code": stated.code}
        connection.execute(insert(CONFIRMATION), [{"leaf": event, **of_all} for event in stated.leaves])
