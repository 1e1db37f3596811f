"""The size of a bundle without its event, in a log of 1,000,000 captures and a block of 1,000,000.

A real bundle, its inclusion proofs and its BUMP lengthened with random nodes to what those sizes demand (20
nodes each; 7 in a capture of 100 events): random nodes are what real ones look like to gzip.
"""

from __future__ import annotations

import gzip
import secrets
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.verify import make_bundle
from firsthand.proof.bump import encode_branch
from firsthand.proof.bundle import Placed, parse_bundle, write_bundle
from firsthand.proof.merkle import inclusion_ranges
from firsthand.proof.transaction import parse_transaction

__all__ = ["measure"]

SIZE = 1_000_000


def measure() -> dict[str, float]:
    """Bytes, plain and gzipped."""
    with tempfile.TemporaryDirectory() as folder:
        line, _ = make_bundle(Path(folder) / "workspace")
    bundle = parse_bundle(line)
    branch = [secrets.token_bytes(32) for _ in range((SIZE - 1).bit_length())]
    txid = parse_transaction(bundle.anchor).txid
    large = replace(
        bundle,
        event={},
        capture=_deep(bundle.capture, SIZE - 2),
        statements=tuple(_deep(statement, statement.place) for statement in bundle.statements),
        checkpoint=bundle.checkpoint.replace(b"\n301\n", b"\n%d\n" % SIZE),
        bump=encode_branch(900_000, SIZE // 2, txid, branch),
    )
    data = write_bundle(large)
    return {"bytes": float(len(data)), "gzipped": float(len(gzip.compress(data, 9)))}


def _deep(placed: Placed, place: int) -> Placed:
    nodes = tuple(secrets.token_bytes(32) for _ in inclusion_ranges(place, SIZE))
    return replace(placed, place=place, path=nodes)
