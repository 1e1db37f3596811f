"""Anchoring: checkpoint what is new, put it on chain as the next seal, and follow it into a block.

Every transaction is stored, with the anchor it makes, in one database transaction before it is sent;
it is sent again as often as needed and never rebuilt. So a crash at any moment leaves one history.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from firsthand.chain.protocols import TxState
from firsthand.chain.signing import Coin, SignedTransaction, build, transaction_size
from firsthand.errors import BroadcastRejected, BroadcastUncertain
from firsthand.ledger.anchors import Anchor
from firsthand.proof.anchor import SEAL_VOUT, anchor_script, genesis_script
from firsthand.proof.checkpoint import Checkpoint, note_signature
from firsthand.proof.transaction import Outpoint, TxOutput, hash_hex
from firsthand.service.chain_access import ChainAccess

__all__ = ["ANCHOR", "GENESIS", "Anchored", "anchor", "wait_until_mined"]

ANCHOR: Final = "anchor"
GENESIS: Final = "genesis"

_SEAL_ANCHORS: Final = 50
"""A seal that has to be filled up is filled up for so many further anchors."""

_POLL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Anchored:
    """What `anchor` did: the new anchor if there was anything new, and how many wait for a block."""

    new: Anchor | None
    size: int
    waiting: int


def anchor(access: ChainAccess) -> Anchored:
    """Anchor the log's entries that no checkpoint covers yet, and send all that is unsent.

    Raises InsufficientFunds, BroadcastRejected when the chain refuses for good, BroadcastUncertain when
    nothing is known: then the same command sends the very same bytes again.
    """
    workspace = access.workspace
    settle(access)
    size = workspace.journal.size()
    last = workspace.anchors.last()
    made: Anchor | None = None
    if size > (last.size if last else 0):
        genesis = workspace.anchors.genesis() or _genesis(access)
        origin = f"firsthand/{access.network.name}/{hash_hex(genesis.txid)}"
        checkpoint = Checkpoint(origin, size, workspace.tree.root(size))
        signature = workspace.log_key.sign(checkpoint.body())
        note = note_signature(checkpoint, workspace.log_key.public.raw, signature).text()
        made = _seal(access, anchor_script(checkpoint), ANCHOR, size, note)
        settle(access)
        sent = access.outbox.get(made.txid)
        if sent.state is TxState.REJECTED:
            raise BroadcastRejected(f"the chain refuses the anchor {hash_hex(made.txid)}: {sent.detail}")
    return Anchored(made, size, len(access.outbox.open()))


def settle(access: ChainAccess) -> None:
    """Bring the outbox up to date, and forget the anchors that the chain refused for good."""
    access.settle()
    for anchor in access.workspace.anchors.newest():
        if access.outbox.get(anchor.txid).state is not TxState.REJECTED:
            break
        access.workspace.anchors.drop(anchor)


def wait_until_mined(
    access: ChainAccess,
    *,
    timeout: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    told: Callable[[int], None] = lambda waiting: None,
) -> None:
    """Wait until every transaction is in a block of the best chain, also after a reorganisation.

    `told` is called with how many still wait. Raises BroadcastUncertain after `timeout` seconds.
    """
    end = clock() + timeout
    while True:
        problem = ""
        try:
            settle(access)
        except BroadcastUncertain as error:
            problem = f": {error}"
        waiting = access.outbox.open()
        told(len(waiting))
        if not waiting and not problem:
            return
        if clock() >= end:
            raise BroadcastUncertain(
                f"{len(waiting)} transactions are in no block after {timeout:g} s{problem}; "
                "they are kept and sent again by the next `firsthand anchor --wait`"
            )
        sleep(_POLL_SECONDS)


def _genesis(access: ChainAccess) -> Anchor:
    """Begin the log on chain: a transaction that carries its key and makes the first seal."""
    script = genesis_script(access.workspace.log_key.public.raw)
    return _seal(access, script, GENESIS, 0, b"")


def _seal(access: ChainAccess, script: bytes, purpose: str, size: int, note: bytes) -> Anchor:
    """Build, sign and store the transaction that spends the last seal and makes the next one."""
    policy = access.broadcaster.policy()
    key = access.wallet
    anchors = access.workspace.anchors
    made: list[Anchor] = []

    def compose(connection: Connection) -> SignedTransaction:
        last = anchors.last_in(connection)
        seal = [Coin(Outpoint(last.txid, SEAL_VOUT), last.seal_satoshis, key.script)] if last else []
        held = sum(coin.satoshis for coin in seal)
        data = TxOutput(0, script)
        fee = policy.fee(transaction_size(1, [data, TxOutput(0, key.script)], change=False))
        if held > fee:
            # The seal pays for itself, and what is left is the next one.
            return build(seal, [data, TxOutput(held - fee, key.script)], None, policy, key)
        wanted = 1 + _SEAL_ANCHORS * fee
        coins = access.coins.choose(connection, wanted + 3 * fee, 1 + 2 * fee)
        inputs = [*seal, *coins]
        funded = sum(coin.satoshis for coin in inputs)
        costs = policy.fee(transaction_size(len(inputs), [data, TxOutput(0, key.script)], change=True))
        output = TxOutput(max(1, min(wanted, funded - costs)), key.script)
        return build(inputs, [data, output], key.script, policy, key)

    def also(connection: Connection, signed: SignedTransaction) -> None:
        last = anchors.last_in(connection)
        number = last.number + 1 if last else 0
        satoshis = signed.outputs[SEAL_VOUT].satoshis
        made.append(Anchor(number, signed.txid, size, note, satoshis))
        anchors.add(connection, made[0])

    access.outbox.put(purpose, compose, ours=key.script, seal=SEAL_VOUT, also=also)
    return made[0]
