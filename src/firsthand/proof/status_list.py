"""Bitstring Status List v1.0, and the journal's account of how each list changed.

A status list is a row of bits, one for each credential that names it; the credential that publishes it
carries them gzipped (`parse_status_list`). That tells how things stand, not since when. So every change is
journaled as a `StatusList` document, which names the root of the list after it: a Merkle tree over chunks of
`CHUNK` bytes, so that one bit is shown with some hundred bytes. The rules, the same for the journal that
admits a change and for the verifier that is shown a few of them:

1. The changes of one list by one issuer are numbered from 0, and each later one names the leaf of its
   predecessor. Length and purpose never change.
2. The issuer's own list says which bits it sets and clears; the root is that of the list with these changed.
   A list of somebody else's is *observed*: the change names the leaf of the credential that published it.
3. What a change says holds from its place in the log on, up to the place of its successor.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.proof.capture import SeenBlock, after_member, parse_after
from firsthand.proof.credential import Credential, parse_credential
from firsthand.proof.fields import (
    base64_text,
    base64url_text,
    from_base64,
    from_base64url,
    member,
    only_members,
    place_of,
    shown,
    timestamp,
)
from firsthand.proof.merkle import inclusion_proof, leaf_hash, root_from_inclusion, tree_root
from firsthand.proof.parties import is_uri

__all__ = [
    "CHUNK",
    "LEAST",
    "LIST_TYPE",
    "MOST",
    "PUBLISHED_TYPE",
    "PURPOSES",
    "BitProof",
    "PublishedList",
    "StatusChange",
    "bit_of",
    "bit_proof",
    "bits_root",
    "change_document",
    "changed_bits",
    "check_follows",
    "decode_bits",
    "encode_bits",
    "parse_change",
    "parse_status_list",
    "proven_bit",
]

LIST_TYPE: Final = "StatusList"
"""The kind of the journal's entries."""

PUBLISHED_TYPE: Final = "BitstringStatusListCredential"
PURPOSES: Final = ("revocation", "suspension")

LEAST: Final = 131_072
"""Entries of the smallest list that the standard allows (§3.2), so that one credential hides among many."""

MOST: Final = 16_777_216
"""Entries of the largest list that is read: two megabytes."""

CHUNK: Final = 512
"""Bytes of one leaf of a list's tree: 4,096 entries."""

_LONGEST_TEXT: Final = 4_000_000
_MEMBERS: Final = frozenset(
    (
        *("type", "issuer", "created", "list", "purpose", "number", "previous", "length", "root"),
        *("set", "cleared", "observed", "after", "proof"),
    )
)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One journaled change of a list; `set` and `cleared` are None where the list was only observed."""

    issuer: str
    list: str
    purpose: str
    number: int
    previous: bytes | None
    length: int
    root: bytes
    set: tuple[int, ...] | None
    cleared: tuple[int, ...] | None
    observed: bytes | None
    after: SeenBlock | None = None


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A status list as its issuer publishes it, signed; its bits are not yet unpacked."""

    credential: Credential
    purposes: tuple[str, ...]
    encoded: str


@dataclass(frozen=True, slots=True)
class BitProof:
    """The chunk that holds one bit, and its inclusion proof under the list's root."""

    chunk: bytes
    path: tuple[bytes, ...]


def parse_status_list(document: dict[str, Any]) -> PublishedList:
    """Read the credential of a status list (§2.2); its proof is not checked here. Raises InvalidInput."""
    credential = parse_credential(document)
    if PUBLISHED_TYPE not in credential.types:
        raise InvalidInput(f"expected {PUBLISHED_TYPE} among the types", "$.type")
    subject = member(document, "credentialSubject", dict, "$")
    path = "$.credentialSubject"
    if subject.get("type") != "BitstringStatusList":
        raise InvalidInput(f"expected BitstringStatusList, got {shown(subject.get('type'))}", f"{path}.type")
    purpose = subject.get("statusPurpose")
    purposes: list[Any] = purpose if type(purpose) is list else [purpose]
    if not purposes or any(type(one) is not str for one in purposes):
        raise InvalidInput("expected a text or a list of them", f"{path}.statusPurpose")
    encoded = member(subject, "encodedList", str, path)
    if not encoded.startswith("u") or len(encoded) > _LONGEST_TEXT:
        raise InvalidInput(
            f"expected multibase base64url, u and at most {_LONGEST_TEXT} characters", f"{path}.encodedList"
        )
    return PublishedList(credential, tuple(purposes), encoded)


def decode_bits(encoded: str) -> bytes:
    """The bits of an `encodedList` (§3.3): multibase base64url of a gzip.

    Unpacks no further than `MOST` entries, whatever the text says. Raises InvalidInput.
    """
    path = "$.credentialSubject.encodedList"
    packed = from_base64url(encoded[1:], path)
    unpacker = zlib.decompressobj(wbits=31)
    try:
        bits = unpacker.decompress(packed, MOST // 8 + 1)
    except zlib.error:
        bits = b""
    whole = unpacker.eof and not unpacker.unused_data
    if not whole or not LEAST <= len(bits) * 8 <= MOST:
        raise InvalidInput(f"expected one whole gzip of {LEAST} to {MOST} entries", path)
    return bits


def encode_bits(bits: bytes) -> str:
    """The `encodedList` of these bits; the same bits always give the same text."""
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(bits) + packer.flush()
    return "u" + base64url_text(packed)


def bit_of(bits: bytes | bytearray, index: int) -> bool:
    """Entry `index`; 0 is the leftmost bit of the first byte (§3.1). Raises InvalidInput beyond the end."""
    if not 0 <= index < len(bits) * 8:
        raise InvalidInput(f"the list has {len(bits) * 8} entries; there is no entry {index}")
    return bool(bits[index >> 3] & 0x80 >> (index & 7))


def changed_bits(bits: bytes, change: StatusChange) -> bytes:
    """The list after a change to it. Raises InvalidInput when a bit stands so already, or is not there."""
    changed = bytearray(bits)
    for indexes, value in ((change.set or (), True), (change.cleared or (), False)):
        for index in indexes:
            if bit_of(changed, index) is value:
                raise InvalidInput(f"entry {index} stands so already", "$.set" if value else "$.cleared")
            changed[index >> 3] ^= 0x80 >> (index & 7)
    return bytes(changed)


def bits_root(bits: bytes) -> bytes:
    """The root of the tree over a list's chunks."""
    return tree_root(_leaves(bits))


def bit_proof(bits: bytes, index: int) -> BitProof:
    """What shows entry `index` under the list's root."""
    number = index // (8 * CHUNK)
    chunk = bits[number * CHUNK : (number + 1) * CHUNK]
    return BitProof(chunk, tuple(inclusion_proof(_leaves(bits), number)))


def proven_bit(proof: BitProof, change: StatusChange, index: int) -> bool:
    """Entry `index` after a change. Raises InvalidInput when the proof does not lead to its root."""
    number = index // (8 * CHUNK)
    chunks = -(-change.length // (8 * CHUNK))
    if not 0 <= index < change.length:
        raise InvalidInput(f"the list has {change.length} entries; there is no entry {index}")
    if len(proof.chunk) != min(CHUNK, change.length // 8 - number * CHUNK):
        raise InvalidInput("the chunk is not of the size that its place in the list has")
    root = root_from_inclusion(leaf_hash(proof.chunk), number, chunks, proof.path)
    if root != change.root:
        raise InvalidInput(f"the chunk leads to root {root.hex()}, the change names {change.root.hex()}")
    return bit_of(proof.chunk, index - number * 8 * CHUNK)


def parse_change(document: dict[str, Any], path: str = "$") -> StatusChange:
    """Read a journaled change; its signature is not checked here. Raises InvalidInput with the path."""
    only_members(document, _MEMBERS, path)
    if document.get("type") != LIST_TYPE:
        raise InvalidInput(f"expected {LIST_TYPE}, got {shown(document.get('type'))}", f"{path}.type")
    timestamp(document, "created", path)
    for name in ("issuer", "list"):
        if not is_uri(member(document, name, str, path)):
            raise InvalidInput("expected an absolute URI", f"{path}.{name}")
    number, length = place_of(document, "number", path), place_of(document, "length", path)
    if not LEAST <= length <= MOST or length % 8:
        raise InvalidInput(f"a list has {LEAST} to {MOST} entries", f"{path}.length")
    if ("previous" in document) != (number > 0):
        raise InvalidInput("every change but the first names its predecessor", f"{path}.previous")
    observed = "observed" in document
    if observed and ("set" in document or "cleared" in document):
        raise InvalidInput("a list that is observed is not changed", f"{path}.observed")
    return StatusChange(
        issuer=document["issuer"],
        list=document["list"],
        purpose=member(document, "purpose", str, path),
        number=number,
        previous=from_base64(document, "previous", path, 32) if number else None,
        length=length,
        root=from_base64(document, "root", path, 32),
        set=None if observed else _indexes(document, "set", path, length),
        cleared=None if observed else _indexes(document, "cleared", path, length),
        observed=from_base64(document, "observed", path, 32) if observed else None,
        after=parse_after(document, path),
    )


def check_follows(change: StatusChange, before: StatusChange | None, leaf: bytes | None) -> None:
    """Rule 1: whether a change follows the last one, whose leaf hash is `leaf`. Raises InvalidInput."""
    if before is None:
        if change.number:
            raise InvalidInput(f"the log has no change {change.number - 1} of this list", "$.number")
        return
    if change.number != before.number + 1 or change.previous != leaf:
        raise InvalidInput(f"does not follow change {before.number} of this list", "$.previous")
    same = (change.issuer, change.list, change.purpose, change.length, change.observed is None)
    if same != (before.issuer, before.list, before.purpose, before.length, before.observed is None):
        raise InvalidInput("issuer, list, purpose, length and kind of a list never change", "$.list")


def change_document(change: StatusChange, created: str) -> dict[str, Any]:
    """The change as JSON, ready to be secured."""
    document: dict[str, Any] = {
        "type": LIST_TYPE,
        "issuer": change.issuer,
        "created": created,
        "list": change.list,
        "purpose": change.purpose,
        "number": change.number,
        "length": change.length,
        "root": base64_text(change.root),
        **after_member(change.after),
    }
    if change.previous is not None:
        document["previous"] = base64_text(change.previous)
    if change.observed is not None:
        return {**document, "observed": base64_text(change.observed)}
    return {**document, "set": list(change.set or ()), "cleared": list(change.cleared or ())}


def _indexes(document: dict[str, Any], name: str, path: str, length: int) -> tuple[int, ...]:
    values = member(document, name, list, path)
    if any(type(value) is not int or not 0 <= value < length for value in values):
        raise InvalidInput(f"expected entries from 0 to {length - 1}", f"{path}.{name}")
    if any(first >= second for first, second in pairwise(values)):
        raise InvalidInput("expected rising entries, each once", f"{path}.{name}")
    return tuple(values)


def _leaves(bits: bytes) -> Sequence[bytes]:
    return [leaf_hash(bits[start : start + CHUNK]) for start in range(0, len(bits), CHUNK)]
