"""Record transactions built and signed, against the SDK's `Transaction.sign()` for the same shape.

One P2PKH coin in; a data output with 400 bytes and a P2PKH change output out; one core, alternating rounds.
"""

from __future__ import annotations

import secrets
import time

from firsthand.chain.keys import WalletKey
from firsthand.chain.networks import NETWORKS
from firsthand.chain.protocols import FeePolicy
from firsthand.chain.sdk import sdk_import
from firsthand.chain.signing import Coin, build
from firsthand.proof.anchor import PREFIX, RECORD
from firsthand.proof.transaction import Outpoint, TxOutput, data_script, parse_transaction

with sdk_import():
    from bsv.keys import PrivateKey
    from bsv.script.script import Script
    from bsv.script.type import P2PKH
    from bsv.transaction import Transaction
    from bsv.transaction_input import TransactionInput
    from bsv.transaction_output import TransactionOutput

__all__ = ["measure"]

ROUNDS = 12
PER_ROUND = 1500


def measure() -> dict[str, float]:
    """Transactions a second of both, and the ratio."""
    key = WalletKey(secrets.token_bytes(32), NETWORKS["regtest"])
    private = PrivateKey(key.secret)
    policy = FeePolicy(1, 1000)
    script = data_script([PREFIX, RECORD, secrets.token_bytes(400)])
    funding = build([Coin(Outpoint(bytes(32), 0), 100_000, key.script)], [], key.script, policy, key)
    source = Transaction.from_hex(funding.raw.hex())
    assert source is not None
    coin = Coin(Outpoint(funding.txid, 0), funding.outputs[0].satoshis, key.script)
    change = coin.satoshis - 1

    def sdk() -> bytes:
        spend = TransactionInput(
            source_transaction=source,
            source_output_index=0,
            unlocking_script_template=P2PKH().unlock(private),
        )
        outputs = [TransactionOutput(Script(script), 0), TransactionOutput(Script(key.script), change)]
        transaction = Transaction([spend], outputs)
        transaction.sign()
        serialized: bytes = transaction.serialize()
        return serialized

    def ours() -> bytes:
        return build([coin], [TxOutput(0, script)], key.script, policy, key).raw

    assert parse_transaction(sdk()).outputs == parse_transaction(ours()).outputs
    spent = {sdk: 0.0, ours: 0.0}
    for _ in range(ROUNDS):
        for side in spent:
            started = time.perf_counter()
            for _ in range(PER_ROUND):
                side()
            spent[side] += time.perf_counter() - started
    total = ROUNDS * PER_ROUND
    return {
        "ours_per_s": total / spent[ours],
        "reference_per_s": total / spent[sdk],
        "ratio": spent[sdk] / spent[ours],
    }
