"""The rules of a token: how its one satoshi may move, and what ties token, piece and maker together.

    1. The mint is output 0 of its transaction: one satoshi under an inscribed certificate (`certificate`).
    2. A move spends the token as input 0 and passes one satoshi to output 0, under P2PKH. So its path needs
       no indexer: the n-th satoshi in is the n-th out.
    3. A melt spends it as input 0 into a data output 0 that names it: the piece is destroyed.
    4. Anything else that spends it takes the satoshi off this path: the token is lost.
    5. The certificate names the leaves of its maker's events that brought the piece into being.
    6. A later event of the same maker names the token's outpoint (`fh:token`). Neither can be swapped.

The scripts are run by `chain.token`, which has the interpreter; the rest is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.events.identifiers import canonical as canonical_uri
from firsthand.proof.anchor import PREFIX
from firsthand.proof.bundle import bundle_lines
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.certificate import Certificate, inscribed_certificate, p2pkh_owner
from firsthand.proof.fields import base64_text, from_base64, member, only_members
from firsthand.proof.transaction import (
    Outpoint,
    Transaction,
    data_script,
    from_hash_hex,
)

__all__ = [
    "MELT",
    "NAMESPACE",
    "TOKEN_VOUT",
    "Holding",
    "Lost",
    "Melted",
    "TokenFile",
    "brings_into_being",
    "challenge_text",
    "event_word",
    "is_about",
    "melt_script",
    "minted",
    "moved",
    "parse_outpoint",
    "parse_token_file",
    "piece_event",
    "read_challenge",
    "theft_text",
    "write_token_file",
]

NAMESPACE: Final = "https://firsthand.example/ns/"
TOKEN_VOUT: Final = 0
"""The output of every transaction of the path that holds the token."""

MELT: Final = b"\x04"
"""The kind of data script (see `anchor`) that ends a token."""

VERSION: Final = 1
_CHALLENGE: Final = re.compile(
    r"I hold token ([0-9a-f]{64}:0) at ([0-9a-f]{64}:0), asked by [ -+\--~]{1,100}, nonce [0-9a-f]{32}"
)
_BEING: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")


@dataclass(frozen=True, slots=True)
class Holding:
    """Where the token lies: its outpoint, and the key hash (20 bytes) that can move it."""

    outpoint: Outpoint
    owner: bytes


@dataclass(frozen=True, slots=True)
class Melted:
    """The token was ended on purpose, in transaction `txid`."""

    txid: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """The satoshi left the path in transaction `txid`, whose input `index` spends it."""

    txid: bytes
    reason: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A token's file: the mint's outpoint, its path as a BEEF, proof bundles of the piece's events."""

    mint: Outpoint
    beef: bytes
    bundles: tuple[bytes, ...]


def minted(transaction: Transaction) -> tuple[Certificate, Holding]:
    """The certificate that a transaction mints, and who holds it first. Raises InvalidInput (rule 1)."""
    output = transaction.outputs[TOKEN_VOUT]
    certificate, owner = inscribed_certificate(output.script)
    if output.satoshis != 1:
        raise InvalidInput(f"a token is one satoshi, output {TOKEN_VOUT} of the mint has {output.satoshis}")
    return certificate, Holding(Outpoint(transaction.txid, TOKEN_VOUT), owner)


def moved(transaction: Transaction, holding: Holding, mint: Outpoint) -> Holding | Melted | Lost:
    """What becomes of the token by this transaction, which spends it (rules 2 to 4).

    Raises InvalidInput when it does not spend it at all.
    """
    places = [at for at, item in enumerate(transaction.inputs) if item.outpoint == holding.outpoint]
    if not places:
        raise InvalidInput(f"the transaction does not spend the token at {holding.outpoint}")
    if places[0] != 0:
        return Lost(transaction.txid, f"it is spent as input {places[0]}, not as input 0", places[0])
    output = transaction.outputs[TOKEN_VOUT]
    owner = p2pkh_owner(output.script)
    if owner is not None and output.satoshis == 1:
        return Holding(Outpoint(transaction.txid, TOKEN_VOUT), owner)
    if output.script == melt_script(mint):
        return Melted(transaction.txid)
    if owner is None:
        return Lost(transaction.txid, "output 0 is not under P2PKH")
    return Lost(transaction.txid, f"output 0 holds {output.satoshis} satoshis, not one")


def melt_script(mint: Outpoint) -> bytes:
    """Output 0 of the transaction that ends this token."""
    return data_script([PREFIX, MELT, mint.txid + mint.vout.to_bytes(4, "little")])


def parse_outpoint(text: str) -> Outpoint:
    """`TXID:0`, the identity of a token. Raises InvalidInput."""
    txid, _, vout = text.partition(":")
    if vout != str(TOKEN_VOUT):
        raise InvalidInput(f"expected a token's outpoint TXID:{TOKEN_VOUT}, got {text[:80]!r}")
    return Outpoint(from_hash_hex(txid.lower()), TOKEN_VOUT)


def read_challenge(text: str) -> tuple[str, str]:
    """The mint and the tip that a challenge names, as text. Raises InvalidInput."""
    match = _CHALLENGE.fullmatch(text)
    if not match:
        raise InvalidInput("not a challenge as `firsthand token challenge` writes it")
    return match[1], match[2]


def challenge_text(mint: Outpoint, tip: Outpoint, asked_by: str, nonce: bytes) -> str:
    """The line that the holder signs to show that they can move the token (Bitcoin Signed Message)."""
    text = f"I hold token {mint} at {tip}, asked by {asked_by}, nonce {nonce.hex()}"
    if not _CHALLENGE.fullmatch(text):
        raise InvalidInput("expected 1 to 100 printable ASCII characters without commas, and 16 random bytes")
    return text


def theft_text(kind: str, piece: str, mint: Outpoint, held_at: Outpoint, time: str) -> str:
    """The line that a holder signs to report the piece `stolen` or `recovered`; `time` is the eventTime."""
    return f"I report {piece} with token {mint} {kind}, holding it at {held_at}, {time}"


def piece_event(event: dict[str, Any]) -> str | None:
    """The `fh:pieceEvent` of an event in our namespace; None for other events and for withdrawn ones."""
    kind = event.get("fh:pieceEvent")
    if type(kind) is not str or "errorDeclaration" in event or not _declares(event.get("@context")):
        return None
    return kind


def event_word(event: dict[str, Any]) -> str:
    """What happened, in a word: our kind of event, else the business step, else the event's type."""
    return str(piece_event(event) or event.get("bizStep") or event.get("type"))


def is_about(event: dict[str, Any], piece: str) -> bool:
    """Whether an event speaks of this piece, in either spelling of its identifier."""
    return any(_names(event, name, piece) for name in _BEING)


def brings_into_being(event: dict[str, Any], piece: str) -> bool:
    """Whether an event makes this piece: an ObjectEvent ADD of it, or a transformation that puts it out."""
    if "errorDeclaration" in event:
        return False
    if event.get("type") == "ObjectEvent":
        return event.get("action") == "ADD" and _names(event, "epcList", piece)
    return event.get("type") == "TransformationEvent" and _names(event, "outputEPCList", piece)


def parse_token_file(data: bytes) -> TokenFile:
    """Read a token's file: its first line the token, each further one a proof bundle.

    Raises UnreadableInput when it is none, InvalidInput with the member that is wrong.
    """
    lines: Iterator[bytes] = bundle_lines(data)
    try:
        head = parse_canonical(next(lines))
    except InvalidInput as error:
        raise UnreadableInput(f"not a token file: {error}") from None
    if type(head) is not dict or "token" not in head:
        raise UnreadableInput("not a token file: its first line has no token")
    only_members(head, frozenset(("firsthand", "token", "beef")), "$")
    version = member(head, "firsthand", int, "$")
    if version != VERSION:
        raise UnreadableInput(f"token file version {version}; this verifier reads version {VERSION}")
    text = member(head, "token", str, "$")
    mint = parse_outpoint(text)
    if str(mint) != text:
        raise InvalidInput("not the canonical form of its outpoint", "$.token")
    return TokenFile(mint, from_base64(head, "beef", "$"), tuple(lines))


def write_token_file(mint: Outpoint, beef: bytes, bundles: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a token's file; `bundles` are lines of a bundle file, each ended by LF."""
    yield canonical({"firsthand": VERSION, "token": str(mint), "beef": base64_text(beef)}) + b"\n"
    yield from bundles


def _declares(context: Any) -> bool:
    items = context if type(context) is list else [context]
    return any(type(item) is dict and item.get("fh") == NAMESPACE for item in items)


def _names(event: dict[str, Any], name: str, piece: str) -> bool:
    values = event.get(name)
    if type(values) is not list:
        return False
    wanted = _uri(piece)
    return any(type(value) is str and _uri(value) == wanted for value in values)


def _uri(text: str) -> str:
    try:
        return canonical_uri(text)
    except InvalidInput:
        return text
