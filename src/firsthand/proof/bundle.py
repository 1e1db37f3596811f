"""The proof bundle: one JSON object that proves one event, and the file that carries bundles.

A bundle file holds one bundle a line, each in canonical form (RFC 8785) and ended by LF, so that no
two texts stand for the same bundle and every byte of the file is covered by a check. `Bundle` holds
the members with their types checked; whether they hold together is `verify`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.fields import base64_text, from_base64, member, only_members, place_of

__all__ = [
    "MAX_BUNDLE",
    "VERSION",
    "Bundle",
    "Placed",
    "bundle_lines",
    "object_member",
    "parse_bundle",
    "parse_line",
    "parse_path",
    "parse_placed",
    "placed_json",
    "write_bundle",
]

VERSION: Final = 1
MAX_BUNDLE: Final = 16_000_000
"""Bytes of one bundle; the largest real ones are some kilobytes."""

_MEMBERS: Final = frozenset(
    (
        "firsthand",
        "event",
        "disclosures",
        "eventProof",
        "capture",
        "statements",
        "confirmations",
        "checkpoint",
        "genesis",
        "anchor",
        "block",
    )
)


@dataclass(frozen=True, slots=True)
class Placed:
    """A signed document with its place in the log and its inclusion proof, lowest node first."""

    document: dict[str, Any]
    place: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle holds; the transactions, header and BUMP are raw bytes.

    `disclosures` open sealed fields of the event: strings of RFC 9901, in ascending order.
    """

    event: dict[str, Any]
    event_index: int
    event_path: tuple[bytes, ...]
    capture: Placed
    statements: tuple[Placed, ...]
    checkpoint: bytes
    genesis: bytes
    anchor: bytes
    header: bytes
    bump: bytes
    confirmations: tuple[Placed, ...] = ()
    disclosures: tuple[str, ...] = ()


def bundle_lines(data: bytes) -> Iterator[bytes]:
    """The bundles of a file, as bytes. Raises UnreadableInput when it is not lines ended by LF."""
    if not data:
        raise UnreadableInput("the file is empty; expected one proof bundle a line")
    if not data.endswith(b"\n"):
        raise UnreadableInput("the last line is not ended by LF: the file was cut short or is no bundle file")
    start = 0
    while start < len(data):
        end = data.index(b"\n", start)
        yield data[start:end]
        start = end + 1


def parse_bundle(line: bytes) -> Bundle:
    """Read one line of a bundle file.

    Raises UnreadableInput when it is not JSON in canonical form, or InvalidInput with the path of the
    member that is missing, unknown, of another type or not in its one canonical spelling.
    """
    value = parse_line(line, _MEMBERS)
    event_proof = object_member(value, "eventProof", frozenset(("index", "path")), "$")
    block = object_member(value, "block", frozenset(("header", "bump")), "$")
    return Bundle(
        event=member(value, "event", dict, "$"),
        event_index=place_of(event_proof, "index", "$.eventProof"),
        event_path=parse_path(event_proof, "$.eventProof"),
        capture=parse_placed(member(value, "capture", dict, "$"), "$.capture"),
        statements=tuple(
            parse_placed(item, f"$.statements[{position}]")
            for position, item in enumerate(member(value, "statements", list, "$"))
        ),
        checkpoint=member(value, "checkpoint", str, "$").encode(),
        genesis=from_base64(value, "genesis", "$"),
        anchor=from_base64(value, "anchor", "$"),
        header=from_base64(block, "header", "$.block", 80),
        bump=from_base64(block, "bump", "$.block"),
        confirmations=_confirmations(value),
        disclosures=_disclosures(value),
    )


def parse_line(line: bytes, members: frozenset[str]) -> dict[str, Any]:
    """The object of one line, which may have these members. Raises UnreadableInput or InvalidInput."""
    if len(line) > MAX_BUNDLE:
        raise UnreadableInput(f"a bundle has at most {MAX_BUNDLE} bytes, got {len(line)}")
    try:
        value = parse_canonical(line)
    except InvalidInput as error:
        raise UnreadableInput(f"not a proof bundle: {error}") from None
    if type(value) is not dict:
        raise UnreadableInput("not a proof bundle: expected a JSON object")
    only_members(value, members, "$")
    version = member(value, "firsthand", int, "$")
    if version != VERSION:
        raise UnreadableInput(
            f"bundle version {version}; this verifier reads version {VERSION}", "$.firsthand"
        )
    return value


def write_bundle(bundle: Bundle) -> bytes:
    """The bundle as one line of a bundle file, its LF included; the inverse of `parse_bundle`."""
    value: dict[str, Any] = {
        "firsthand": VERSION,
        "event": bundle.event,
        "eventProof": {"index": bundle.event_index, "path": base64_text(b"".join(bundle.event_path))},
        "capture": placed_json(bundle.capture),
        "statements": [placed_json(statement) for statement in bundle.statements],
        "checkpoint": bundle.checkpoint.decode(),
        "genesis": base64_text(bundle.genesis),
        "anchor": base64_text(bundle.anchor),
        "block": {"header": base64_text(bundle.header), "bump": base64_text(bundle.bump)},
    }
    if bundle.confirmations:
        value["confirmations"] = [placed_json(one) for one in bundle.confirmations]
    if bundle.disclosures:
        value["disclosures"] = list(bundle.disclosures)
    return canonical(value) + b"\n"


def _disclosures(value: dict[str, Any]) -> tuple[str, ...]:
    if "disclosures" not in value:
        return ()
    texts = member(value, "disclosures", list, "$")
    if not texts or any(type(text) is not str for text in texts):
        raise InvalidInput("expected strings, at least one", "$.disclosures")
    return tuple(texts)


def _confirmations(value: dict[str, Any]) -> tuple[Placed, ...]:
    if "confirmations" not in value:
        return ()
    listed = member(value, "confirmations", list, "$")
    if not listed:
        raise InvalidInput("expected at least one, or no such member", "$.confirmations")
    return tuple(parse_placed(item, f"$.confirmations[{at}]") for at, item in enumerate(listed))


def placed_json(placed: Placed) -> dict[str, Any]:
    """A placed document as JSON; the inverse of `parse_placed`."""
    path = base64_text(b"".join(placed.path))
    return {"document": placed.document, "place": placed.place, "path": path}


def parse_placed(value: Any, path: str) -> Placed:
    """Read a document with its place and inclusion proof. Raises InvalidInput with the path."""
    if type(value) is not dict:
        raise InvalidInput("expected an object", path)
    only_members(value, frozenset(("document", "place", "path")), path)
    document = member(value, "document", dict, path)
    return Placed(document, place_of(value, "place", path), parse_path(value, path))


def object_member(value: dict[str, Any], name: str, members: frozenset[str], path: str) -> dict[str, Any]:
    """The member of that name, an object with these members at the most. Raises InvalidInput."""
    inner = member(value, name, dict, path)
    only_members(inner, members, f"{path}.{name}")
    return inner


def parse_path(value: dict[str, Any], path: str) -> tuple[bytes, ...]:
    """An inclusion proof: its nodes of 32 bytes, concatenated, in base64."""
    data = from_base64(value, "path", path)
    if len(data) % 32 or len(data) > 64 * 32:
        raise InvalidInput("expected up to 64 nodes of 32 bytes", f"{path}.path")
    return split_nodes(data)


def split_nodes(data: bytes) -> tuple[bytes, ...]:
    """Concatenated hashes, each by itself."""
    return tuple(data[start : start + 32] for start in range(0, len(data), 32))
