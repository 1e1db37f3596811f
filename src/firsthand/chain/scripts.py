"""Checking that a transaction may spend what it spends: every script run, no satoshi made from nothing.

The interpreter is the SDK's `Spend`; which outputs are spent, and the value rule, are checked here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from firsthand.chain.sdk import sdk_import
from firsthand.errors import InvalidInput
from firsthand.proof.transaction import MAX_SATOSHIS, Transaction, TxOutput, encode_output, hash_hex

__all__ = ["check_input", "check_spend"]


def check_spend(transaction: Transaction, spent: Sequence[TxOutput]) -> int:
    """Check the transaction against the outputs that its inputs spend, in order, and return its fee.

    Raises InvalidInput naming the input whose script fails, an outpoint that is spent twice, or outputs
    above the inputs.
    """
    if len({item.outpoint for item in transaction.inputs}) != len(transaction.inputs):
        raise InvalidInput("the transaction spends one outpoint twice")
    if len(spent) != len(transaction.inputs):
        raise InvalidInput(f"the transaction has {len(transaction.inputs)} inputs, got {len(spent)} outputs")
    held = sum(output.satoshis for output in spent)
    paid = sum(output.satoshis for output in transaction.outputs)
    if held > MAX_SATOSHIS or paid > held:
        raise InvalidInput(f"the outputs hold {paid} satoshis, the inputs only {held}")
    _run_scripts(transaction, dict(enumerate(spent)))
    return held - paid


def check_input(transaction: Transaction, index: int, spent: TxOutput) -> None:
    """Run the scripts of one input alone, against the output that it spends. Raises InvalidInput."""
    _run_scripts(transaction, {index: spent})


class _Output(msgspec.Struct, frozen=True, gc=False):
    """What the interpreter asks of an output: its bytes, to hash them."""

    satoshis: int
    encoded: bytes

    def serialize(self) -> bytes:
        return self.encoded


@cache
def _interpreter() -> tuple[Any, Any, Any]:
    # The SDK takes 0.4 s to import: only who runs scripts pays for it.
    with sdk_import():
        from bsv.script.script import Script
        from bsv.script.spend import Spend
        from bsv.transaction_input import TransactionInput

    return Script, Spend, TransactionInput


def _run_scripts(transaction: Transaction, spent: Mapping[int, TxOutput]) -> None:
    Script, Spend, TransactionInput = _interpreter()
    inputs = [
        TransactionInput(
            source_txid=hash_hex(item.outpoint.txid),
            source_output_index=item.outpoint.vout,
            unlocking_script=Script(item.script),
            sequence=item.sequence,
        )
        for item in transaction.inputs
    ]
    outputs = [_Output(output.satoshis, encode_output(output)) for output in transaction.outputs]
    for index, output in spent.items():
        item = inputs[index]
        spend = Spend(
            {
                "sourceTXID": item.source_txid,
                "sourceOutputIndex": item.source_output_index,
                "sourceSatoshis": output.satoshis,
                "lockingScript": Script(output.script),
                "transactionVersion": transaction.version,
                "otherInputs": inputs[:index] + inputs[index + 1 :],
                "inputIndex": index,
                "unlockingScript": item.unlocking_script,
                "outputs": outputs,
                "inputSequence": item.sequence,
                "lockTime": transaction.locktime,
            }
        )
        try:
            valid = spend.validate()
        # The interpreter raises RuntimeError for a script that fails, and others for one that is malformed.
        except (RuntimeError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise InvalidInput(f"the script of input {index} fails: {error}") from None
        if not valid:
            raise InvalidInput(f"the script of input {index} fails")
