"""A member's statement for a season: the entries, what they come to, and a proof for others to check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firsthand.errors import NotFound
from firsthand.ledger.accounts import AccountBook, AccountEntry, Season
from firsthand.ledger.deliveries import Delivery, DeliveryBook
from firsthand.ledger.members import Member
from firsthand.proof.account_bundle import DisclosedEntry, write_statement_line
from firsthand.proof.merkle import inclusion_proof
from firsthand.service.accounts import disclosure_of
from firsthand.service.chain_access import ChainAccess
from firsthand.service.prove import prove_document
from firsthand.service.workspace import Workspace

__all__ = ["AccountStatement", "account_statement", "statement_lines"]


@dataclass(frozen=True, slots=True)
class AccountStatement:
    """One person's account for a season over all their memberships; amounts in `UNITS`.

    `totals` by kind of entry, `undone` says which entry took which back.
    """

    member: Member
    season: Season
    entries: list[AccountEntry]
    totals: dict[str, int]
    balance: int
    undone: dict[int, int]
    deliveries: list[Delivery]


def account_statement(workspace: Workspace, member: Member, season: str | None = None) -> AccountStatement:
    """The statement of a member, or of who they are merged into. Raises NotFound for an unknown season."""
    accounts = AccountBook(workspace.engine)
    found = accounts.season(member.cooperative, season)
    family = workspace.members.family(member)
    uris = [one.uri for one in family]
    entries = accounts.entries(uris, season=found.name)
    totals: dict[str, int] = {}
    for entry in entries:
        totals[entry.kind] = totals.get(entry.kind, 0) + entry.amount
    return AccountStatement(
        family[0],
        found,
        entries,
        totals,
        sum(entry.amount for entry in entries),
        accounts.reversed_by([entry.id for entry in entries]),
        DeliveryBook(workspace.engine).all(uris, season=found.name),
    )


def statement_lines(access: ChainAccess, statement: AccountStatement) -> Iterator[bytes]:
    """The lines of a statement's proof file, one a journaled document. Raises NotFound before the anchor."""
    workspace = access.workspace
    accounts = AccountBook(workspace.engine)
    if not statement.entries:
        raise NotFound(f"the account of season {statement.season.name} has no entries")
    by_document: dict[bytes, list[AccountEntry]] = {}
    for entry in statement.entries:
        by_document.setdefault(entry.leaf, []).append(entry)
    for leaf, entries in by_document.items():
        place, leaves = accounts.document(leaf)
        (document,) = workspace.journal.entries(place, place + 1)
        shown = [
            DisclosedEntry(
                disclosure_of(workspace, entry),
                entry.position,
                tuple(inclusion_proof(leaves, entry.position)),
            )
            for entry in entries
        ]
        yield write_statement_line(shown, prove_document(access, document))
