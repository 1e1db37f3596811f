"""Pieces, their orders and their tokens that tests make for themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from firsthand.chain.headers import RawHeaders, check_headers
from firsthand.proof.certificate import Dimension, Fingerprint, Photograph, Stone
from firsthand.proof.parties import Party
from firsthand.service.anchor import anchor
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_headers
from firsthand.service.mint import Minted, Order, mint
from firsthand.service.parties import add_party
from firsthand.service.token_files import export_token
from tests.made import new_access, record

FINGERPRINT = Fingerprint(
    4_210,
    (Dimension("inner diameter", 17_350),),
    (Stone("sapphire", "natural", 204_000, "heated", "GRS 2026-1"),),
    ("AA", "750"),
)


def piece_uri(number: int = 7) -> str:
    return f"https://aurum.example/id/item/ring-{number}"


def made_event(number: int = 7, **more: Any) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventTime": "2026-04-01T10:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "ADD",
        "bizStep": "commissioning",
        "epcList": [piece_uri(number)],
        **more,
    }


def order(number: int = 7, to: str = "workspace") -> Order:
    photograph = Photograph(bytes([number % 256]) * 32, "image/jpeg")
    return Order(piece_uri(number), f"Ring {number}", FINGERPRINT, (photograph,), to)


def atelier(
    folder: Path, database: str = "", pieces: int = 1, now: Callable[[], str] | None = None
) -> tuple[ChainAccess, Party]:
    """A workspace whose maker has recorded rings 7, 8, …"""
    access = new_access(folder, database)
    if now is not None:
        access.workspace.now = now
        access.workspace.journal._now = now
    maker = add_party(access.workspace, "Aurum", ("maker",)).party
    record(access, maker, *[made_event(7 + number) for number in range(pieces)])
    return access, maker


def minted(access: ChainAccess, to: str = "workspace", number: int = 7) -> Minted:
    (done,) = mint(access, [order(number, to)], "Aurum")
    return done


def exported(access: ChainAccess, number: int = 7) -> tuple[bytes, RawHeaders]:
    """The token's file and the headers, after anchoring what is new."""
    anchor(access)
    return b"".join(export_token(access, piece_uri(number))), headers_of(access)


def headers_of(access: ChainAccess) -> RawHeaders:
    """A verifier's own headers of the chain as it is now."""
    access.sync_headers()
    return check_headers(b"".join(export_headers(access)), access.network)
