"""`status --by-member`: what each member of a cooperative has in the log, and what it cost in the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from firsthand.cli.output import emit, table

if TYPE_CHECKING:
    from firsthand.service.chain_access import ChainAccess
    from firsthand.service.pooling import MemberStatus, Pooling

__all__ = ["show_members"]


def show_members(access: ChainAccess, cooperative: str | None, lot: str | None, as_json: bool) -> None:
    """Print the members' state, with their shares of a lot where one is named."""
    from firsthand.service.members import cooperative_party
    from firsthand.service.pooling import by_member
    from firsthand.service.trace import lot_shares

    shares = None if lot is None else lot_shares(access.workspace, lot)
    found = by_member(
        access,
        cooperative_party(access.workspace, cooperative),
        shares=None if shares is None else lambda uris: shares,
    )
    values = [_value(one) for one in found.members]
    rows = [
        (
            one["number"],
            one["records"],
            one["deliveries"],
            _joined(one["delivered"]),
            f"{one['acknowledged']}/{one['counter_signed']}",
            one["share"] or "-",
            _joined(one["earned"]),
            _joined(one["balance"]),
            _dollars(one["usd_pooled"]),
            _dollars(one["usd_alone"]),
        )
        for one in values
    ]
    names = (
        "member",
        "records",
        "deliveries",
        "delivered",
        "ack./signed",
        "share",
        "earned",
        "balance",
        "$ a record",
        "alone",
    )
    summary = {
        "anchors": found.anchors,
        "anchor_bytes": found.anchor_bytes,
        "pooled_satoshis": found.pooled_satoshis,
        "alone_satoshis": found.alone_satoshis,
    }
    emit(as_json, {"members": values, **summary}, table("", names, rows) + "\n" + _saved(found))


def _value(one: MemberStatus) -> dict[str, Any]:
    from firsthand.service.money import amount_text

    return {
        "number": one.member.record.number,
        "uri": one.member.uri,
        "records": one.records,
        "deliveries": one.deliveries,
        "delivered": one.delivered,
        "acknowledged": one.acknowledged,
        "counter_signed": one.counter_signed,
        "share": None if one.share is None else str(one.share),
        "earned": {currency: amount_text(units, currency) for currency, units in one.earned.items()},
        "balance": {currency: amount_text(units, currency) for currency, units in one.balance.items()},
        "paid_satoshis": one.paid,
        "usd_pooled": one.usd_pooled,
        "usd_alone": one.usd_alone,
    }


def _saved(found: Pooling) -> str:
    if not found.pooled_satoshis:
        return "Nothing of the members is anchored yet; the cost is known after `firsthand anchor`."
    times = found.alone_satoshis / found.pooled_satoshis
    return (
        f"{found.anchors} anchors of {found.anchor_bytes} bytes serve all: "
        f"{found.pooled_satoshis:,.1f} satoshis for the members' records; a log of their own for each "
        f"would cost {found.alone_satoshis:,.0f}, {times:,.1f} times as much."
    )


def _joined(amounts: dict[str, str]) -> str:
    return ", ".join(f"{amount} {unit}" for unit, amount in amounts.items()) or "-"


def _dollars(value: float | None) -> str:
    return "-" if value is None else f"{value:.9f}"
