"""NTAG 424 DNA: what a tag writes into its link at each tap (SUN message), and the keys of its own.

Formats are NXP's: AN12196 (rev. 1.9) §3.3–3.4 and the data sheet NT4H2421Gx §9.3 for the message, AN10922
(rev. 2.2) §2.2 for keys diversified by UID. CMAC is RFC 4493. Pure: keys and bytes in, values out.

tap = open_picc_data(meta_key, picc)
check_mac(diversify(master, tap.uid), tap, mac)     # raises InvalidInput
"""

from __future__ import annotations

from hmac import compare_digest
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from firsthand.errors import InvalidInput

__all__ = [
    "KEY_BYTES",
    "MAC_BYTES",
    "PICC_BYTES",
    "UID_BYTES",
    "Tap",
    "check_mac",
    "diversify",
    "open_picc_data",
    "sun_mac",
]

KEY_BYTES: Final = 16
PICC_BYTES: Final = 16
MAC_BYTES: Final = 8
UID_BYTES: Final = 7

_UID_AND_COUNTER: Final = 0xC7
"""PICCDataTag: bit 7 UID mirrored, bit 6 counter mirrored, low bits the UID's length of 7."""

_MAC_SESSION: Final = bytes.fromhex("3CC300010080")
"""SV2's label, counter and length in bits (AN12196 §3.3)."""

_SYSTEM: Final = b"firsthand"
_TWO_BLOCKS: Final = 32


class Tap(NamedTuple):
    """What the encrypted part of a message says: which tag, and how often it was read until then."""

    uid: bytes
    counter: int


def open_picc_data(key: bytes, picc: bytes) -> Tap:
    """Decrypt PICCENCData, 16 bytes, by the key K_SDMMetaRead. Nothing is authentic before `check_mac`.

    Raises InvalidInput when it is not UID and counter, as under another key.
    """
    if len(picc) != PICC_BYTES:
        raise InvalidInput(f"the tag's encrypted data has {PICC_BYTES} bytes, got {len(picc)}")
    cipher = Cipher(algorithms.AES128(key), modes.CBC(bytes(16))).decryptor()
    plain = cipher.update(picc) + cipher.finalize()
    if plain[0] != _UID_AND_COUNTER:
        raise InvalidInput("the tag's data does not decrypt to UID and counter: no tag of this workspace")
    return Tap(plain[1:8], int.from_bytes(plain[8:11], "little"))


def sun_mac(key: bytes, tap: Tap, signed: bytes = b"") -> bytes:
    """The SDMMAC, 8 bytes, by the tag's K_SDMFileRead over the signed part of the link (empty by default)."""
    session = _cmac(key, _MAC_SESSION + tap.uid + tap.counter.to_bytes(3, "little"))
    return _cmac(session, signed)[1::2]


def check_mac(key: bytes, tap: Tap, mac: bytes, signed: bytes = b"") -> None:
    """Raises InvalidInput when the message was not made by the tag that holds this key."""
    if not compare_digest(sun_mac(key, tap, signed), mac):
        raise InvalidInput("the tag's message does not carry its CMAC: forged, damaged, or of another tag")


def diversify(master: bytes, uid: bytes, system: bytes = _SYSTEM) -> bytes:
    """A tag's own AES-128 key: CMAC over 01 ‖ UID ‖ system, as AN10922 §2.2.

    Its padding is that of plain CMAC only for 17 to 32 bytes: others raise ValueError.
    """
    text = b"\x01" + uid + system
    if not _TWO_BLOCKS // 2 < len(text) <= _TWO_BLOCKS:
        raise ValueError(f"expected 16 to 31 bytes of UID and system, got {len(text) - 1}")
    return _cmac(master, text)


def _cmac(key: bytes, text: bytes) -> bytes:
    cmac = CMAC(algorithms.AES128(key))
    cmac.update(text)
    return cmac.finalize()
