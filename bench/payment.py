"""One payment split over 1,000 makers: built, signed and verified, against the SDK signing the same.

The bare side is what no wallet can leave out: bsv-sdk's own objects, made before, sign and serialise.
"""

from __future__ import annotations

import statistics
import time
from fractions import Fraction

from firsthand.chain.keys import WalletKey
from firsthand.chain.networks import NETWORKS
from firsthand.chain.payment import Derivation, locking_script, split
from firsthand.chain.protocols import FeePolicy
from firsthand.chain.scripts import check_spend
from firsthand.chain.sdk import sdk_import
from firsthand.chain.signing import Coin, build
from firsthand.proof.transaction import Outpoint, TxOutput, parse_transaction

with sdk_import():
    from bsv.keys import PrivateKey
    from bsv.script.script import Script
    from bsv.script.type import P2PKH
    from bsv.transaction import Transaction
    from bsv.transaction_input import TransactionInput
    from bsv.transaction_output import TransactionOutput

__all__ = ["measure"]

MAKERS = 1_000
ROUNDS = 9
_SATOSHIS = 5_000_000


def measure() -> dict[str, float]:
    """Medians in milliseconds and their ratio, from alternating rounds; the derivations are of the quote."""
    key = WalletKey(b"\x21" * 32, NETWORKS["sandbox"])
    shares = {f"https://coop.example/id/party/m{at}": Fraction(1, MAKERS) for at in range(MAKERS)}
    started = time.perf_counter()
    scripts = {party: _script(key, at) for at, party in enumerate(shares)}
    derived = time.perf_counter() - started
    coin = Coin(Outpoint(b"\x07" * 32, 0), _SATOSHIS + 10_000, key.script)
    policy = FeePolicy(satoshis=100, size=1000)

    def ours() -> bytes:
        parts = split(_SATOSHIS, shares, 15).paid
        outputs = [TxOutput(satoshis, scripts[party]) for party, satoshis in parts.items()]
        signed = build([coin], outputs, key.script, policy, key)
        check_spend(parse_transaction(signed.raw), [TxOutput(coin.satoshis, coin.script)])
        return signed.raw

    outputs = parse_transaction(ours()).outputs
    spent: dict[str, list[float]] = {"ours": [], "bare": []}
    for _round in range(ROUNDS):
        started = time.perf_counter()
        ours()
        spent["ours"].append(time.perf_counter() - started)
        unsigned = _unsigned(coin, key, outputs)
        started = time.perf_counter()
        unsigned.sign()
        unsigned.serialize()
        spent["bare"].append(time.perf_counter() - started)
    mine, least = statistics.median(spent["ours"]), statistics.median(spent["bare"])
    return {
        "ours_ms": mine * 1000,
        "bare_ms": least * 1000,
        "ratio": mine / least,
        "derive_ms": derived * 1000,
    }


def _script(key: WalletKey, at: int) -> bytes:
    maker = WalletKey((at + 1).to_bytes(32, "big"), key.network).public
    return locking_script(key.secret, maker, Derivation("cGF5bWVudA==", str(at)))


def _unsigned(coin: Coin, key: WalletKey, outputs: tuple[TxOutput, ...]) -> Transaction:
    source = Transaction(tx_inputs=[], tx_outputs=[TransactionOutput(Script(coin.script), coin.satoshis)])
    item = TransactionInput(
        source_transaction=source,
        source_txid=coin.outpoint.txid[::-1].hex(),
        source_output_index=0,
        unlocking_script_template=P2PKH().unlock(PrivateKey(key.secret)),
    )
    made = [TransactionOutput(Script(one.script), one.satoshis) for one in outputs]
    return Transaction(tx_inputs=[item], tx_outputs=made)
