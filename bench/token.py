"""A token's history of 1,000 transfers verified from its file, against the bare script and hash checks in it.

The bare side does what no verifier can leave out, over objects made before: the interpreter for each spend,
the hash of each transaction, the hashes of each BUMP's branch, and of each block's header.
"""

from __future__ import annotations

import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from firsthand.chain.beef import encode_beef, parse_beef
from firsthand.chain.headers import RawHeaders, check_headers
from firsthand.chain.keys import WalletKey
from firsthand.chain.protocols import FeePolicy
from firsthand.chain.sandbox import SandboxChain
from firsthand.chain.sdk import sdk_import
from firsthand.chain.signing import Coin, SignedInput, build, sign_single
from firsthand.chain.token import verify_token
from firsthand.proof.certificate import Fingerprint
from firsthand.proof.token import parse_token_file, write_token_file
from firsthand.proof.transaction import Outpoint, TxOutput, double_sha256, hash_hex
from firsthand.service.anchor import anchor
from firsthand.service.capture import capture_events, prepare
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_headers
from firsthand.service.mint import Order, mint
from firsthand.service.parties import add_party
from firsthand.service.setup import initialise
from firsthand.service.token_files import export_token

with sdk_import():
    from bsv.script.script import Script
    from bsv.script.spend import Spend
    from bsv.transaction_input import TransactionInput
    from bsv.transaction_output import TransactionOutput

__all__ = ["measure"]

TRANSFERS = 1_000
BLOCKS = 10
ROUNDS = 5
PIECE = "https://atelier.example/id/item/1"


def measure() -> dict[str, float]:
    """Medians in milliseconds and their ratio, from alternating rounds."""
    with tempfile.TemporaryDirectory() as folder:
        data, headers = make_history(Path(folder) / "workspace")
    report = verify_token(data, headers)
    assert report.stands, report.steps
    assert len(report.hops) == TRANSFERS + 1
    bare = _bare(data, headers)
    spent: dict[str, list[float]] = {"ours": [], "bare": []}
    for _round in range(ROUNDS):
        for side, run in (("ours", lambda: verify_token(data, headers)), ("bare", bare)):
            started = time.perf_counter()
            run()
            spent[side].append(time.perf_counter() - started)
    ours, least = statistics.median(spent["ours"]), statistics.median(spent["bare"])
    return {"ours_ms": ours * 1000, "bare_ms": least * 1000, "ratio": ours / least}


def make_history(folder: Path) -> tuple[bytes, RawHeaders]:
    """The file of a token that was passed on 1,000 times, in ten blocks, and the headers to verify it by."""
    workspace = initialise(
        folder,
        network="sandbox",
        broadcaster="sandbox",
        url="",
        headers=(),
        uri="https://atelier.example",
        passphrase="",
    )
    access = ChainAccess(workspace)
    maker = add_party(workspace, "Atelier", ("maker",)).party
    event = {
        "type": "ObjectEvent",
        "eventTime": "2026-04-01T10:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "ADD",
        "epcList": [PIECE],
    }
    capture_events(workspace, prepare([event]), maker.uri, workspace.held_key(maker.keys))
    keys = [WalletKey(secrets.token_bytes(32), access.network) for _ in range(TRANSFERS + 1)]
    (minted,) = mint(access, [Order(PIECE, "Ring", Fingerprint(4_000), to=keys[0].address)], "Atelier")
    anchor(access)
    first, *bundles = export_token(access, PIECE)
    path = _passed_on(access, parse_token_file(first + bundles[0]).beef, keys)
    access.sync_headers()
    lines = write_token_file(minted.token.outpoint, path, bundles)
    return b"".join(lines), check_headers(b"".join(export_headers(access)), access.network)


def _passed_on(access: ChainAccess, beef: bytes, keys: list[WalletKey]) -> bytes:
    """The path of the token from key to key, mined in ten blocks by the same sandbox."""
    minted = parse_beef(beef)
    (transaction,) = minted.transactions.values()
    chain = SandboxChain(access.sandbox._path, auto_mine=False)
    policy = FeePolicy(1, 1000)
    fund = access.sandbox.fund(keys[0].script, 1_000_000)
    token = Coin(Outpoint(transaction.txid, 0), 1, transaction.outputs[0].script)
    fee = Coin(fund, 1_000_000, keys[0].script)
    parts: list[tuple[bytes, bytes | None]] = [
        (transaction.raw, minted.bumps[transaction.txid].single(transaction.txid))
    ]
    for block in range(BLOCKS):
        made = []
        for at in range(TRANSFERS // BLOCKS):
            number = block * (TRANSFERS // BLOCKS) + at
            output = TxOutput(1, keys[number + 1].script)
            unlocked = SignedInput(token, sign_single(token, output, keys[number]))
            signed = build([fee], [output], keys[0].script, policy, keys[0], first=unlocked)
            token = Coin(Outpoint(signed.txid, 0), 1, output.script)
            fee = Coin(Outpoint(signed.txid, 1), signed.outputs[1].satoshis, keys[0].script)
            made.append(signed)
        chain.broadcast([signed.extended for signed in made])
        chain.mine()
        parts += [(signed.raw, chain.status(signed.txid).bump) for signed in made]
    return encode_beef(parts)


def _bare(data: bytes, headers: RawHeaders) -> Callable[[], None]:
    """The checks themselves, over what was read before."""
    beef = parse_beef(parse_token_file(data).beef)
    transactions = list(beef.transactions.values())
    spends: list[dict[str, Any]] = []
    for before, transaction in pairwise(transactions):
        inputs = [
            TransactionInput(
                source_txid=hash_hex(item.outpoint.txid),
                source_output_index=item.outpoint.vout,
                unlocking_script=Script(item.script),
                sequence=item.sequence,
            )
            for item in transaction.inputs
        ]
        spends.append(
            {
                "sourceTXID": inputs[0].source_txid,
                "sourceOutputIndex": 0,
                "sourceSatoshis": 1,
                "lockingScript": Script(before.outputs[0].script),
                "transactionVersion": transaction.version,
                "otherInputs": inputs[1:],
                "inputIndex": 0,
                "unlockingScript": inputs[0].unlocking_script,
                "outputs": [
                    TransactionOutput(Script(out.script), out.satoshis) for out in transaction.outputs
                ],
                "inputSequence": inputs[0].sequence,
                "lockTime": transaction.locktime,
            }
        )
    hashed = [transaction.raw for transaction in transactions]
    hashed += [bytes(64) for bump in beef.bumps.values() for _ in bump.levels]
    heights = sorted({bump.height for bump in beef.bumps.values()})
    hashed += [header.raw for height in heights if (header := headers.header_at(height))]

    def run() -> None:
        for spend in spends:
            assert Spend(spend).validate()
        for item in hashed:
            double_sha256(item)

    return run
