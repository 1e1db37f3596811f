"""Publishing: the captures and their public events themselves on chain, pooled over all members.

The lines of many entries are compressed together and cut into as few transactions as the broadcaster's
limits allow; the log can be rebuilt from these alone. `read_publication` is the reading half.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection

from firsthand.chain.protocols import FeePolicy
from firsthand.chain.signing import SignedTransaction, build, transaction_size
from firsthand.errors import InvalidInput, NotFound
from firsthand.proof.anchor import PREFIX, PUBLICATION, RECORD
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.transaction import TxOutput, data_pushes, data_script, hash_hex, parse_transaction
from firsthand.service.chain_access import ChainAccess

__all__ = [
    "ON_CHAIN",
    "PUBLISH",
    "publish",
    "published_end",
    "put_on_chain",
    "read_publication",
    "read_record",
]

PUBLISH: Final = "publication"
ON_CHAIN: Final = "record"

_PART: Final = 400_000
"""Compressed bytes of one part, below SV Node's default of 500 kB for a script."""

_ENTRIES: Final = 20_000
"""Entries of one publication, so that memory stays small."""

_MAX_TEXT: Final = 2_000_000_000


def publish(access: ChainAccess) -> list[bytes]:
    """Publish what no publication carries yet and an anchor covers; the new transactions' IDs.

    Raises NotFound before the first anchor, InsufficientFunds when the wallet cannot pay.
    """
    workspace = access.workspace
    genesis, last = workspace.anchors.genesis(), workspace.anchors.last()
    if genesis is None or last is None or not last.size:
        raise NotFound("nothing is anchored yet, and the log has no name before that; run `firsthand anchor`")
    log = f"firsthand/{access.network.name}/{hash_hex(genesis.txid)}"
    first = published_end(access)
    made: list[bytes] = []
    while first < last.size:
        count = min(_ENTRIES, last.size - first)
        packed = _packed(access, first, count)
        parts = [packed[at : at + _PART] for at in range(0, len(packed), _PART)]
        for number, part in enumerate(parts, 1):
            header = {"log": log, "first": first, "count": count, "part": number, "parts": len(parts)}
            script = data_script([PREFIX, PUBLICATION, canonical(header), part])
            made.append(_store(access, TxOutput(0, script), PUBLISH))
        first += count
    if made:
        access.settle()
    return made


def published_end(access: ChainAccess) -> int:
    """The place up to which the log is published, as the outbox's publications say."""
    for sent in access.outbox.newest(PUBLISH):
        header = _pushes(sent.raw)[0]
        if header["part"] == header["parts"]:
            return int(header["first"] + header["count"])
    return 0


def _packed(access: ChainAccess, first: int, count: int) -> bytes:
    buffer = io.BytesIO()
    # No name and no time in the gzip header: the same entries give the same bytes.
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0, filename="") as packed:
        for entry in access.workspace.journal.entries(first, first + count):
            packed.write(b'{"document":' + entry.document + b"}\n")
            for body in access.workspace.journal.bodies(entry.first_event, entry.count):
                packed.write(b'{"event":' + body + b"}\n")
    return buffer.getvalue()


def put_on_chain(access: ChainAccess, places: Iterable[int]) -> list[bytes]:
    """Real-time mode: one transaction for each capture at these places, with its events; their IDs.

    They are stored before the first is sent, and sent together. Raises InvalidInput for a capture that is
    larger than a script may be, InsufficientFunds when the wallet cannot pay.
    """
    made = []
    for place in places:
        script = data_script([PREFIX, RECORD, _packed(access, place, 1)])
        made.append(_store(access, TxOutput(0, script), ON_CHAIN))
    access.settle()
    return made


def _store(access: ChainAccess, output: TxOutput, purpose: str) -> bytes:
    policy: FeePolicy = access.broadcaster.policy()
    key = access.wallet
    fee = policy.fee(transaction_size(1, [output], change=True))

    def compose(connection: Connection) -> SignedTransaction:
        coins = access.coins.choose(connection, fee + 1, fee)
        return build(coins, [output], key.script, policy, key)

    return access.outbox.put(purpose, compose, ours=key.script).txid


def read_publication(transactions: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The lines of one publication from its raw transactions, in any order.

    Raises InvalidInput when a part is missing, of another publication, or not readable.
    """
    parts: dict[int, bytes] = {}
    common: dict[str, Any] | None = None
    for raw in transactions:
        header, data = _pushes(raw)
        about = {name: value for name, value in header.items() if name != "part"}
        if common is not None and about != common:
            raise InvalidInput("the transactions are of different publications")
        common = about
        parts[header["part"]] = data
    if common is None or sorted(parts) != list(range(1, common["parts"] + 1)):
        raise InvalidInput("a part of the publication is missing")
    yield from _unpacked(b"".join(parts[number] for number in sorted(parts)))


def read_record(raw: bytes) -> Iterator[dict[str, Any]]:
    """The lines of a record transaction: one document and its events. Raises InvalidInput."""
    for output in parse_transaction(raw).outputs:
        pushes = data_pushes(output.script)
        if pushes is not None and len(pushes) == 3 and pushes[:2] == (PREFIX, RECORD):
            yield from _unpacked(pushes[2])
            return
    raise InvalidInput("the transaction is no Firsthand record")


def _unpacked(packed: bytes) -> Iterator[dict[str, Any]]:
    read = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as unpacked:
            for line in unpacked:
                read += len(line)
                if read > _MAX_TEXT:
                    raise InvalidInput(f"it unpacks to more than {_MAX_TEXT} bytes")
                yield parse_canonical(line[:-1])
    except (OSError, EOFError) as error:
        raise InvalidInput(f"it does not unpack: {error}") from None


def _pushes(raw: bytes) -> tuple[dict[str, Any], bytes]:
    for output in parse_transaction(raw).outputs:
        pushes = data_pushes(output.script)
        if pushes is not None and len(pushes) == 4 and pushes[:2] == (PREFIX, PUBLICATION):
            header = parse_canonical(pushes[2])
            if isinstance(header, dict):
                return header, pushes[3]
    raise InvalidInput("the transaction is no Firsthand publication")
