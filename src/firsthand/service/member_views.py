"""What members, deliveries and statements look like as JSON, at the command line and over HTTP alike.

Amounts and quantities are decimal text: a JSON number would be a float to most who read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from firsthand.ledger.deliveries import Delivery
from firsthand.ledger.members import Member
from firsthand.service.money import amount_text
from firsthand.service.statements import AccountStatement
from firsthand.service.workspace import Workspace

__all__ = ["delivery_value", "delivery_values", "has_key", "member_value", "statement_value"]


def has_key(workspace: Workspace, member: Member) -> bool:
    """Whether the member is a party with a key in force."""
    parties = [workspace.parties.get(uri) for uri in member.identifiers]
    return any(party is not None and party.keys for party in parties)


def member_value(workspace: Workspace, member: Member) -> dict[str, Any]:
    """A membership as it stands."""
    record: dict[str, Any] = msgspec.to_builtins(member.record)
    return {
        "uri": member.uri,
        "cooperative": member.cooperative,
        "phone": "",
        "account": "",
        "language": "",
        "plots": [],
        **record,
        "numbers": list(member.numbers),
        "same_as": member.same_as,
        "party": member.party,
        "has_key": has_key(workspace, member),
        "place": member.place,
    }


def delivery_values(workspace: Workspace, deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
    """Deliveries with their member's number and what confirms them."""
    confirmed = workspace.confirmations.of([one.leaf for one in deliveries])
    roots = workspace.members.roots()
    return [
        delivery_value(
            one,
            roots[one.member].record.number if one.member in roots else "",
            sorted({kind for _, kind, _ in confirmed.get(one.leaf, ())}),
        )
        for one in deliveries
    ]


def delivery_value(delivery: Delivery, number: str, confirmed: Sequence[str] = ()) -> dict[str, Any]:
    """A delivery as JSON: amounts as decimal text."""
    amounts = ("deduction", "amount", "advance", "balance")
    return {
        "number": delivery.number,
        "uri": delivery.uri,
        "member": number,
        "season": delivery.season,
        "day": delivery.day,
        "lot": delivery.lot,
        "gross": delivery.gross,
        "tare": delivery.tare,
        "net": f"{delivery.net:f}",
        "uom": delivery.uom,
        "price": delivery.price,
        "currency": delivery.currency,
        **{name: amount_text(getattr(delivery, name), delivery.currency) for name in amounts},
        "brought_by": delivery.brought_by,
        "paper": delivery.paper,
        "place": delivery.place,
        "confirmed": list(confirmed),
        "reversed": delivery.reversed,
        "reason": delivery.reason,
        "instead": delivery.instead,
    }


def statement_value(shown: AccountStatement) -> dict[str, Any]:
    """A statement as JSON: amounts as decimal text."""
    currency = shown.season.currency
    return {
        "member": shown.member.record.number,
        "uri": shown.member.uri,
        "season": shown.season.name,
        "currency": currency,
        "entries": [
            {
                "entry": entry.id,
                "number": entry.sequence,
                "day": entry.day,
                "kind": entry.kind,
                "amount": amount_text(entry.amount, currency),
                "reference": entry.reference,
                "reverses": entry.reverses,
                "reversed_by": shown.undone.get(entry.id),
            }
            for entry in shown.entries
        ],
        "totals": {kind: amount_text(total, currency) for kind, total in sorted(shown.totals.items())},
        "balance": amount_text(shown.balance, currency),
        "deliveries": [one.number for one in shown.deliveries if one.reversed is None],
    }
