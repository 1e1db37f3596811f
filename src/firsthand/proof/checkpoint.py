"""C2SP checkpoints (tlog-checkpoint) as signed notes (signed-note), and the log's name.

A checkpoint's body is three lines: origin, size, root hash (base64). Its origin is
`firsthand/NETWORK/TXID`, TXID being the genesis transaction that carries the log's public key: so the
name alone tells the key, and two logs cannot share it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.proof.canonical import MAX_INTEGER
from firsthand.proof.did_key import PublicKey
from firsthand.proof.fields import from_base64

__all__ = [
    "ED25519",
    "NETWORKS",
    "Checkpoint",
    "SignedCheckpoint",
    "note_signature",
    "parse_body",
    "parse_note",
]

ED25519: Final = b"\x01"
"""signed-note's algorithm byte for Ed25519."""

NETWORKS: Final = ("mainnet", "testnet", "regtest", "sandbox")

_ORIGIN = re.compile(r"firsthand/(mainnet|testnet|regtest|sandbox)/([0-9a-f]{64})")
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
_MAX_NOTE: Final = 4096


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: its first `size` entries have this root."""

    origin: str
    size: int
    root: bytes

    @property
    def network(self) -> str:
        """mainnet, testnet, regtest or sandbox."""
        return self.origin.split("/")[1]

    @property
    def genesis(self) -> bytes:
        """The genesis transaction's ID, 32 bytes in internal order."""
        return bytes.fromhex(self.origin.split("/")[2])[::-1]

    @property
    def short_name(self) -> str:
        """What labels carry to tell logs apart: eight hex digits of the genesis transaction's ID."""
        return self.origin.split("/")[2][:8]

    def body(self) -> bytes:
        """The three lines that are signed and anchored."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint with the log's signature line."""

    checkpoint: Checkpoint
    key_id: bytes
    signature: bytes

    def text(self) -> bytes:
        """The signed note."""
        signature = b64encode(self.key_id + self.signature).decode()
        return self.checkpoint.body() + f"\n— {self.checkpoint.origin} {signature}\n".encode()

    def check(self, key: PublicKey) -> None:
        """Check the signature under the log's key. Raises InvalidInput when it does not hold."""
        expected = key_id(self.checkpoint.origin, key.raw)
        if self.key_id != expected:
            raise InvalidInput(f"signed by key ID {self.key_id.hex()}, the log's is {expected.hex()}")
        if not key.verify(self.signature, self.checkpoint.body()):
            raise InvalidInput("the log's signature does not fit the checkpoint")


def key_id(name: str, public: bytes) -> bytes:
    """signed-note: the first four bytes of SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key)."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def note_signature(checkpoint: Checkpoint, public: bytes, signature: bytes) -> SignedCheckpoint:
    """Put a signature over `checkpoint.body()` under the log's public key into note form."""
    return SignedCheckpoint(checkpoint, key_id(checkpoint.origin, public), signature)


def parse_body(body: bytes) -> Checkpoint:
    """The checkpoint of these three lines, in their one canonical spelling. Raises InvalidInput."""
    try:
        lines = body.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise InvalidInput("a checkpoint body is ASCII") from None
    if len(lines) != 4 or lines[3]:
        raise InvalidInput("a checkpoint body has three lines: origin, size, root hash")
    origin, size, root, _ = lines
    if not _ORIGIN.fullmatch(origin):
        raise InvalidInput("the origin is not of the form firsthand/NETWORK/GENESIS-TXID")
    if not _SIZE.fullmatch(size) or int(size) > MAX_INTEGER:
        raise InvalidInput("the tree size is not a decimal number up to 2^53 - 1")
    return Checkpoint(origin, int(size), from_base64({"root": root}, "root", "checkpoint", 32))


def parse_note(text: bytes) -> SignedCheckpoint:
    """A checkpoint with exactly one signature line, the log's own. Raises UnreadableInput."""
    if len(text) > _MAX_NOTE:
        raise UnreadableInput(f"a checkpoint has at most {_MAX_NOTE} bytes, got {len(text)}")
    body, found, signatures = text.partition(b"\n\n")
    if not found or signatures.count(b"\n") != 1 or not signatures.endswith(b"\n"):
        raise UnreadableInput(
            "not a signed checkpoint: expected three lines, an empty line, one signature line"
        )
    try:
        checkpoint = parse_body(body + b"\n")
        words = signatures[:-1].split(b" ")
        if len(words) != 3 or words[0] != "—".encode() or words[1] != checkpoint.origin.encode():
            raise InvalidInput(f"the signature line must name {checkpoint.origin}")
        blob = from_base64({"signature": words[2].decode()}, "signature", "checkpoint", 68)
    except UnicodeDecodeError:
        raise UnreadableInput("not a signed checkpoint: it is not UTF-8") from None
    except InvalidInput as error:
        raise UnreadableInput(f"not a signed checkpoint: {error}") from None
    return SignedCheckpoint(checkpoint, blob[:4], blob[4:])
