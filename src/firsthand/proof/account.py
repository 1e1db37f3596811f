"""Account entries in the log: one signed document over many entries, none of which it tells.

The document names the number of entries and the root of the tree (RFC 9162 §2.1) whose leaves are H₀ of the
entries' disclosures (`proof.disclosure`). Whoever is shown one with its inclusion proof knows that the
cooperative booked exactly that, and when at the latest. An entry carries its number in its account and the
balance after it, so that no entry before the last one shown can be left out unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.proof.disclosure import parse_disclosure
from firsthand.proof.fields import from_base64, member, only_members, place_of, shown, timestamp
from firsthand.proof.merkle import leaf_hash

__all__ = [
    "ACCOUNT_ENTRIES",
    "ENTRY",
    "BookedEntry",
    "EntriesDocument",
    "check_run",
    "entry_leaf_of",
    "parse_entries_document",
    "read_entry",
]

ACCOUNT_ENTRIES: Final = "AccountEntries"
ENTRY: Final = "entry"
"""The name in the disclosure of an account entry."""

_MEMBERS: Final = frozenset(("type", "issuer", "created", "entries", "proof"))
_ENTRY: Final = frozenset(
    (
        "member",
        "season",
        "number",
        "kind",
        "amount",
        "balance",
        "currency",
        "day",
        "reference",
        "detail",
        "reverses",
    )
)


@dataclass(frozen=True, slots=True)
class EntriesDocument:
    """What the document says: `count` entries under `root`, booked by this cooperative."""

    issuer: str
    created: str
    count: int
    root: bytes


@dataclass(frozen=True, slots=True)
class BookedEntry:
    """A disclosed entry; `amount` is what the cooperative comes to owe the member, `balance` after it."""

    member: str
    season: str
    number: int
    kind: str
    amount: Decimal
    balance: Decimal
    currency: str
    day: str
    reference: str
    detail: dict[str, Any]
    reverses: int | None


def entry_leaf_of(disclosure: str) -> bytes:
    """H₀ of a disclosure's ASCII text: the entry's leaf under its document's root."""
    return leaf_hash(disclosure.encode("ascii", "replace"))


def parse_entries_document(document: dict[str, Any], path: str = "$") -> EntriesDocument:
    """Read the document, its signature unchecked. Raises InvalidInput with the member's path."""
    only_members(document, _MEMBERS, path)
    if document.get("type") != ACCOUNT_ENTRIES:
        raise InvalidInput(f"expected {ACCOUNT_ENTRIES}, got {shown(document.get('type'))}", f"{path}.type")
    entries = member(document, "entries", dict, path)
    only_members(entries, frozenset(("count", "root")), f"{path}.entries")
    count = place_of(entries, "count", f"{path}.entries")
    if not count:
        raise InvalidInput("expected at least one entry", f"{path}.entries.count")
    root = from_base64(entries, "root", f"{path}.entries", 32)
    return EntriesDocument(
        member(document, "issuer", str, path), timestamp(document, "created", path), count, root
    )


def read_entry(disclosure: str, path: str = "$") -> BookedEntry:
    """The entry of a disclosure. Raises InvalidInput when it is no entry of ours."""
    read = parse_disclosure(disclosure, path)
    name, value = read.name, read.value
    if name != ENTRY or type(value) is not dict:
        raise InvalidInput("expected the disclosure of an account entry", path)
    only_members(value, _ENTRY, path)
    texts = {key: member(value, key, str, path) for key in ("member", "season", "kind", "currency", "day")}
    return BookedEntry(
        **texts,
        number=place_of(value, "number", path),
        amount=_decimal(value, "amount", path),
        balance=_decimal(value, "balance", path),
        reference=member(value, "reference", str, path),
        detail=member(value, "detail", dict, path),
        reverses=place_of(value, "reverses", path) if "reverses" in value else None,
    )


def check_run(entries: list[BookedEntry]) -> None:
    """Check that these are one account's entries from the first on, each with the balance it leads to.

    Raises InvalidInput naming the entry that is missing or does not add up.
    """
    balance = Decimal(0)
    first = entries[0]
    for number, entry in enumerate(entries, 1):
        if (entry.member, entry.season, entry.currency) != (first.member, first.season, first.currency):
            raise InvalidInput(f"entry {number} is of another account, season or currency")
        if entry.number != number:
            raise InvalidInput(f"entry {number} is missing: the next one shown is number {entry.number}")
        balance += entry.amount
        if entry.balance != balance:
            raise InvalidInput(f"entry {number} leads to a balance of {balance}, it says {entry.balance}")


def _decimal(value: dict[str, Any], name: str, path: str) -> Decimal:
    text = member(value, name, str, path)
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or len(text) > 40:
        raise InvalidInput(f"expected a decimal amount, got {text[:40]!r}", f"{path}.{name}")
    return found
