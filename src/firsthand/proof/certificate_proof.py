"""The certificate proof: one line of a bundle file that proves one credential and how its status went.

It stands beside the bundles of events, in the same file or one of its own, and is told from them by its
member `credential`. `CertificateProof` holds the members with their types checked; whether they hold together
is `certificate_verify`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from firsthand.errors import InvalidInput
from firsthand.proof.bundle import (
    VERSION,
    Placed,
    object_member,
    parse_line,
    parse_path,
    parse_placed,
    placed_json,
)
from firsthand.proof.canonical import canonical
from firsthand.proof.fields import base64_text, from_base64, member, only_members, place_of
from firsthand.proof.status_list import BitProof

__all__ = [
    "CertificateProof",
    "ShownChange",
    "is_certificate",
    "parse_certificate_proof",
    "write_certificate_proof",
]

_MEMBERS: Final = frozenset(
    (
        *("firsthand", "credential", "credentialProof", "record", "statements", "status", "trust"),
        *("checkpoint", "genesis", "anchor", "block"),
    )
)
_SHOWN: Final = frozenset(("change", "chunk", "path", "published"))


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change of a status list with the one bit in question; `published` is the list that was observed."""

    entry: Placed
    bit: BitProof
    published: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CertificateProof:
    """What a certificate proof holds; the transactions, header and BUMP are raw bytes."""

    credential: dict[str, Any]
    index: int
    path: tuple[bytes, ...]
    record: Placed
    statements: tuple[Placed, ...]
    status: tuple[ShownChange, ...]
    trust: Placed | None
    checkpoint: bytes
    genesis: bytes
    anchor: bytes
    header: bytes
    bump: bytes

    def entries(self) -> tuple[Placed, ...]:
        """All documents of the log that it relies on, in the order of their places."""
        trust = () if self.trust is None else (self.trust,)
        placed = (self.record, *self.statements, *(shown.entry for shown in self.status), *trust)
        return tuple(sorted(placed, key=lambda entry: entry.place))


class _Kind(msgspec.Struct):
    credential: msgspec.Raw = msgspec.Raw()


def is_certificate(line: bytes) -> bool:
    """Whether a line of a bundle file is a certificate proof; what cannot be read is none."""
    try:
        return bytes(msgspec.json.decode(line, type=_Kind).credential) != b""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def parse_certificate_proof(line: bytes) -> CertificateProof:
    """Read one line. Raises UnreadableInput, or InvalidInput with the path of the member that is wrong."""
    value = parse_line(line, _MEMBERS)
    proof = object_member(value, "credentialProof", frozenset(("index", "path")), "$")
    block = object_member(value, "block", frozenset(("header", "bump")), "$")
    return CertificateProof(
        credential=member(value, "credential", dict, "$"),
        index=place_of(proof, "index", "$.credentialProof"),
        path=parse_path(proof, "$.credentialProof"),
        record=parse_placed(member(value, "record", dict, "$"), "$.record"),
        statements=tuple(
            parse_placed(item, f"$.statements[{at}]")
            for at, item in enumerate(member(value, "statements", list, "$"))
        ),
        status=tuple(
            _shown(item, f"$.status[{at}]") for at, item in enumerate(member(value, "status", list, "$"))
        ),
        trust=parse_placed(value["trust"], "$.trust") if "trust" in value else None,
        checkpoint=member(value, "checkpoint", str, "$").encode(),
        genesis=from_base64(value, "genesis", "$"),
        anchor=from_base64(value, "anchor", "$"),
        header=from_base64(block, "header", "$.block", 80),
        bump=from_base64(block, "bump", "$.block"),
    )


def write_certificate_proof(proof: CertificateProof) -> bytes:
    """The proof as one line of a bundle file, its LF included; the inverse of `parse_certificate_proof`."""
    value: dict[str, Any] = {
        "firsthand": VERSION,
        "credential": proof.credential,
        "credentialProof": {"index": proof.index, "path": base64_text(b"".join(proof.path))},
        "record": placed_json(proof.record),
        "statements": [placed_json(statement) for statement in proof.statements],
        "status": [_shown_json(shown) for shown in proof.status],
        "checkpoint": proof.checkpoint.decode(),
        "genesis": base64_text(proof.genesis),
        "anchor": base64_text(proof.anchor),
        "block": {"header": base64_text(proof.header), "bump": base64_text(proof.bump)},
    }
    if proof.trust is not None:
        value["trust"] = placed_json(proof.trust)
    return canonical(value) + b"\n"


def _shown(value: Any, path: str) -> ShownChange:
    if type(value) is not dict:
        raise InvalidInput("expected an object", path)
    only_members(value, _SHOWN, path)
    entry = parse_placed(member(value, "change", dict, path), f"{path}.change")
    bit = BitProof(from_base64(value, "chunk", path), parse_path(value, path))
    return ShownChange(entry, bit, member(value, "published", dict, path) if "published" in value else None)


def _shown_json(shown: ShownChange) -> dict[str, Any]:
    value: dict[str, Any] = {
        "change": placed_json(shown.entry),
        "chunk": base64_text(shown.bit.chunk),
        "path": base64_text(b"".join(shown.bit.path)),
    }
    return value if shown.published is None else {**value, "published": shown.published}
