"""Whose report of theft counts: the maker's, or that of whoever held the token when they made it.

A holder signs with the token's key, which names nobody. Once the token has moved on, its former holder can
report nothing more: else a seller could spoil what they sold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from firsthand.chain.keys import message_signer
from firsthand.errors import InvalidInput
from firsthand.proof.certificate import Certificate
from firsthand.proof.fields import from_base64
from firsthand.proof.token import Holding, piece_event, theft_text
from firsthand.proof.transaction import Outpoint

__all__ = ["Hop", "Theft", "standing_theft"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One transaction of the path: its block, and who holds the token after it (None when it ended)."""

    txid: bytes
    holding: Holding | None
    height: int | None = None
    time: int | None = None


@dataclass(frozen=True, slots=True)
class Theft:
    """A report of `stolen` or `recovered` that counts, and by what right: the maker's, or a holder's."""

    kind: str
    by: str
    time: str
    held_at: str


def standing_theft(
    told: Iterable[tuple[dict[str, Any], str, int | None]],
    certificate: Certificate,
    mint: Outpoint,
    hops: Sequence[Hop],
) -> tuple[Theft | None, int]:
    """The report of theft that stands after all of these, and how many do not count.

    `told` are events with issuer and the block that fixed them, in order. A report counts if the
    certificate's maker made it, or if the key that held the token signed it before it passed the token on.
    The maker takes back any report, a holder the one they made.
    """
    standing: Theft | None = None
    ignored = 0
    for event, issuer, height in told:
        kind = piece_event(event)
        if kind not in ("stolen", "recovered") or event.get("fh:token") != str(mint):
            continue
        theft = _counted(kind, event, issuer, height, certificate, mint, hops)
        if theft is None:
            ignored += 1
        elif kind == "stolen":
            standing = standing or theft
        elif standing is not None and (theft.by == "maker" or theft.held_at == standing.held_at):
            standing = None
    return standing, ignored


def _counted(
    kind: str,
    event: dict[str, Any],
    issuer: str,
    height: int | None,
    certificate: Certificate,
    mint: Outpoint,
    hops: Sequence[Hop],
) -> Theft | None:
    time = str(event.get("eventTime"))
    if issuer == certificate.maker:
        return Theft(kind, "maker", time, "")
    held_at, signed = event.get("fh:heldAt"), event.get("fh:holderSignature")
    for at, hop in enumerate(hops):
        if hop.holding is None or str(hop.holding.outpoint) != held_at:
            continue
        # Who has passed the token on can no longer report it: the report's block comes first.
        gone = hops[at + 1].height if at + 1 < len(hops) else None
        if at + 1 < len(hops) and (gone is None or height is None or height >= gone):
            return None
        text = theft_text(kind, certificate.piece, mint, hop.holding.outpoint, time)
        try:
            signer = message_signer(text, from_base64({"signature": signed}, "signature", "$", 65))
        except InvalidInput:
            return None
        return Theft(kind, "holder", time, str(held_at)) if signer == hop.holding.owner else None
    return None
