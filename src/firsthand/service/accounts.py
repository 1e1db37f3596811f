"""Keeping the members' accounts: entries are booked together with the document that fixes them in the log.

An entry's number and balance follow from the one before it, so entries are made for the state that was read;
when another clerk was faster, they are made anew (`book`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, insert, select

from firsthand.errors import Conflict, InvalidInput
from firsthand.identity.signing import secure
from firsthand.journal.protocol import Appended, NewEntry
from firsthand.ledger.accounts import (
    ACCOUNT_ENTRY,
    AGAINST,
    ENTRY_LEAVES,
    SEASON,
    AccountBook,
    AccountEntry,
    Season,
    amount_of,
)
from firsthand.proof.account import ACCOUNT_ENTRIES, ENTRY, entry_leaf_of
from firsthand.proof.canonical import canonical
from firsthand.proof.disclosure import SALT_SIZE, make_disclosure
from firsthand.proof.fields import base64_text
from firsthand.proof.merkle import tree_root
from firsthand.proof.parties import Party
from firsthand.service.money import check_currency
from firsthand.service.workspace import Workspace

__all__ = [
    "Booking",
    "Posting",
    "book",
    "disclosure_of",
    "open_season",
    "post",
    "reverse_entry",
    "with_retries",
]

_ATTEMPTS: Final = 20
_FROM_DELIVERY: Final = "delivery "
"""How the references of a delivery's entries begin; they are reversed with the delivery."""

_Result = TypeVar("_Result")


class Moved(Conflict):
    """The book has gone on since it was read."""


@dataclass(frozen=True, slots=True)
class Posting:
    """An entry to be made; `amount` in `UNITS`, positive where the cooperative comes to owe the member."""

    member: str
    kind: str
    amount: int
    day: str
    reference: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    reverses: AccountEntry | None = None
    season: Season | None = None
    """Another season than the booking's."""


@dataclass(frozen=True, slots=True)
class Booking:
    """Entries ready to be journaled: the document, and what is stored with it in the same transaction."""

    document: NewEntry
    rows: list[dict[str, Any]]
    leaves: list[bytes]
    mark: int

    def store(self, connection: Connection, appended: Appended) -> None:
        """Store the entries. Raises Moved when the book has gone on since they were made."""
        if AccountBook.mark_in(connection) != self.mark:
            raise Moved("the accounts have gone on meanwhile; try again")
        for row in self.rows:
            if row["reverses"] is not None:
                twice = select(ACCOUNT_ENTRY.c.id).where(ACCOUNT_ENTRY.c.reverses == row["reverses"])
                if (by := connection.execute(twice).scalar()) is not None:
                    raise Conflict(f"entry {row['reverses']} was reversed already, by entry {by}")
        connection.execute(insert(ACCOUNT_ENTRY), [row | {"leaf": appended.leaf} for row in self.rows])
        document = {"leaf": appended.leaf, "place": appended.place, "leaves": b"".join(self.leaves)}
        connection.execute(insert(ENTRY_LEAVES), document)


def open_season(workspace: Workspace, cooperative: Party, name: str, currency: str) -> Season:
    """Open a season. Raises InvalidInput, or Conflict when there is one of that name."""
    text = " ".join(name.split())
    if not 0 < len(text) <= 40 or not text.isprintable():
        raise InvalidInput("a season's name has 1 to 40 printable characters, such as 2025-26")
    season = Season(cooperative.uri, text, check_currency(currency), workspace.now())
    with workspace.engine.begin() as connection:
        known = select(SEASON.c.currency).where(
            SEASON.c.cooperative == cooperative.uri, SEASON.c.name == text
        )
        if (found := connection.execute(known).scalar()) is not None:
            raise Conflict(f"the season {text} is open already, in {found}")
        row = {
            "cooperative": cooperative.uri,
            "name": text,
            "currency": season.currency,
            "opened": season.opened,
        }
        connection.execute(insert(SEASON), row)
    return season


def book(
    workspace: Workspace, cooperative: Party, season: Season, postings: Sequence[Posting], mark: int
) -> Booking:
    """Entries for these postings, in order, upon the accounts as they are now.

    `mark` is the book's from before the postings were reckoned.

    Raises InvalidInput for a kind or a sign that there is none of, Unauthorized when the key is not here.
    """
    state = _last(workspace, season, postings)
    rows: list[dict[str, Any]] = []
    leaves: list[bytes] = []
    for position, posting in enumerate(postings):
        _check_sign(posting)
        of = posting.season or season
        sequence, balance = state.get((of.name, posting.member), (0, 0))
        state[of.name, posting.member] = (sequence + 1, balance + posting.amount)
        row = {
            "member": posting.member,
            "season": of.name,
            "sequence": sequence + 1,
            "kind": posting.kind,
            "against": AGAINST[posting.kind][0],
            "amount": posting.amount,
            "balance": balance + posting.amount,
            "currency": of.currency,
            "day": posting.day,
            "reference": posting.reference,
            "detail": canonical(posting.detail).decode(),
            "reverses": posting.reverses.id if posting.reverses else None,
            "salt": secrets.token_bytes(SALT_SIZE),
            "position": position,
        }
        rows.append(row)
        reverses = posting.reverses.sequence if posting.reverses else None
        leaves.append(entry_leaf_of(_disclosure(row, posting.detail, reverses)))
    if not leaves:
        raise InvalidInput("there is nothing to book")
    created = workspace.now()
    key = workspace.held_key(cooperative.keys)
    root = tree_root(leaves)
    document = {
        "type": ACCOUNT_ENTRIES,
        "issuer": cooperative.uri,
        "created": created,
        "entries": {"count": len(leaves), "root": base64_text(root)},
    }
    signed = canonical(secure(document, key, created))
    return Booking(NewEntry(ACCOUNT_ENTRIES, cooperative.uri, signed, key.did), rows, leaves, mark)


def with_retries(attempt: Callable[[], _Result]) -> _Result:
    """The result of the first attempt that nobody else's work came before."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return attempt()
        except Moved:
            continue
    return attempt()


def post(
    workspace: Workspace, cooperative: Party, season: Season, postings: Callable[[], Sequence[Posting]]
) -> list[AccountEntry]:
    """Book what `postings` reckons from the book: all or none; the new entries.

    It is reckoned again when the book went on meanwhile. Raises what it raises, and as `book` does.
    """
    accounts = AccountBook(workspace.engine)

    def attempt() -> tuple[Appended, list[str]]:
        mark = accounts.mark()
        booking = book(workspace, cooperative, season, postings(), mark)
        (appended,) = workspace.journal.append(
            [booking.document], lambda connection, done: booking.store(connection, done[0])
        )
        return appended, sorted({row["member"] for row in booking.rows})

    appended, members = with_retries(attempt)
    return [entry for entry in accounts.entries(members) if entry.leaf == appended.leaf]


def reverse_entry(workspace: Workspace, cooperative: Party, number: int, reason: str) -> AccountEntry:
    """Book the opposite of an entry; the entry itself stays. Raises Conflict when it cannot be reversed."""
    accounts = AccountBook(workspace.engine)
    entry = accounts.entry(number)
    member = workspace.members.get(entry.member)
    if member is None or member.cooperative != cooperative.uri:
        raise Conflict(f"entry {number} is not in the book of {cooperative.name}")
    if entry.reverses is not None:
        raise Conflict(f"entry {number} is a reversal itself; book the entry again instead")
    if entry.reference.startswith(_FROM_DELIVERY):
        raise Conflict(
            f"entry {number} is part of {entry.reference}; reverse that with `firsthand delivery reverse`"
        )
    posting = reversal_of(entry, workspace.now()[:10], reason)
    season = accounts.season(cooperative.uri, entry.season)
    return post(workspace, cooperative, season, lambda: [posting])[0]


def reversal_of(entry: AccountEntry, day: str, reason: str) -> Posting:
    """The posting that takes an entry back."""
    detail = {"reason": reason} if reason else {}
    return Posting(entry.member, entry.kind, -entry.amount, day, entry.reference, detail, entry)


def disclosure_of(workspace: Workspace, entry: AccountEntry) -> str:
    """The disclosure of a booked entry, which hashes to its leaf."""
    import msgspec

    reverses = None
    if entry.reverses is not None:
        reverses = AccountBook(workspace.engine).entry(entry.reverses).sequence
    row = {name: getattr(entry, name) for name in AccountEntry.__slots__}
    return _disclosure(row, msgspec.json.decode(entry.detail), reverses)


def _last(
    workspace: Workspace, season: Season, postings: Sequence[Posting]
) -> dict[tuple[str, str], tuple[int, int]]:
    """By season and member the sequence and balance of the account's last entry."""
    members: dict[str, set[str]] = {}
    for posting in postings:
        members.setdefault((posting.season or season).name, set()).add(posting.member)
    accounts = AccountBook(workspace.engine)
    return {
        (name, member): state
        for name, group in members.items()
        for member, state in accounts.last(sorted(group), name).items()
    }


def _disclosure(row: dict[str, Any], detail: dict[str, Any], reverses: int | None) -> str:
    content: dict[str, Any] = {
        "member": row["member"],
        "season": row["season"],
        "number": row["sequence"],
        "kind": row["kind"],
        "amount": f"{amount_of(row['amount']).normalize():f}",
        "balance": f"{amount_of(row['balance']).normalize():f}",
        "currency": row["currency"],
        "day": row["day"],
        "reference": row["reference"],
        "detail": detail,
    }
    return make_disclosure(
        row["salt"], ENTRY, content if reverses is None else content | {"reverses": reverses}
    ).text


def _check_sign(posting: Posting) -> None:
    if posting.kind not in AGAINST:
        raise InvalidInput(f"{posting.kind!r} is no kind of entry; there are {', '.join(AGAINST)}")
    sign = AGAINST[posting.kind][1] * (-1 if posting.reverses else 1)
    if not posting.amount or (sign and (posting.amount > 0) != (sign > 0)):
        raise InvalidInput(f"an entry of {amount_of(posting.amount)} cannot be {posting.kind}")
