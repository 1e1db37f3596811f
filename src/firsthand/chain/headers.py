"""Header chains: work, links, time and difficulty checked; the branch with the most work wins.

The difficulty rules (2016-block, emergency, 144-block, testnet's twenty minutes) are bitcoinx's, over a
chain view of ours that keeps running sums of work. `check_headers` is a verifier's own chain over raw
bytes; `HeaderStore` keeps all branches in the workspace's database and tells of reorganisations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    select,
    update,
)

from firsthand.chain.networks import Network
from firsthand.chain.protocols import HeaderSource
from firsthand.errors import InvalidInput, NotFound, WrongNetwork
from firsthand.proof.headers import (
    HEADER_SIZE,
    BlockHeader,
    bits_to_target,
    header_work,
    parse_header,
)
from firsthand.proof.transaction import double_sha256, hash_hex

__all__ = ["HEADERS_METADATA", "HeaderStore", "RawHeaders", "Reorg", "check_headers"]

HEADERS_METADATA: Final = MetaData()

HEADER: Final = Table(
    "header",
    HEADERS_METADATA,
    Column("hash", LargeBinary, primary_key=True),
    Column("height", Integer, nullable=False, index=True),
    Column("raw", LargeBinary, nullable=False),
    Column("work", LargeBinary, nullable=False),
    Column("best", Boolean, nullable=False),
)

_CONTEXT: Final = 2020
"""Headers before a new one that the rules may look at: a 2016-block period, and medians of 11."""

_BATCH: Final = 2000
_UNSETTLED: Final = 148
"""Headers above a start that is not the genesis, to which the 144-block rule cannot look back."""


class _Chain:
    """The headers from height `first` on, as bitcoinx's rules ask for them."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.headers: list[BlockHeader] = []
        self._work = [0]

    def append(self, header: BlockHeader) -> None:
        self.headers.append(header)
        self._work.append(self._work[-1] + header_work(header.bits))

    @property
    def height(self) -> int:
        return self.first + len(self.headers) - 1

    def at(self, height: int) -> BlockHeader:
        return self.headers[height - self.first]

    # What follows is the part of bitcoinx.Chain that its rules use.
    def header_at_height(self, height: int) -> Any:
        return _Timed(self.at(height), height)

    def raw_header_at_height(self, height: int) -> bytes:
        return self.at(height).raw

    def median_time_past(self, height: int) -> int:
        first = max(self.first, height - 10)
        times = sorted(self.at(at).time for at in range(first, height + 1))
        return times[len(times) // 2]

    def chainwork_range(self, start: int, end: int) -> int:
        return self._work[end - self.first] - self._work[start - self.first]


class _Timed:
    """A header as bitcoinx's rules read it."""

    __slots__ = ("bits", "height", "timestamp")

    def __init__(self, header: BlockHeader, height: int) -> None:
        self.bits = header.bits
        self.height = height
        self.timestamp = header.time


def _check(network: Network, chain: _Chain, header: BlockHeader, settled: bool) -> None:
    """Check that `header` may follow the chain. Raises InvalidInput naming the height."""
    height = chain.height + 1
    where = f"block {height} of {network.name}"
    if header.prev_hash != chain.headers[-1].hash:
        raise InvalidInput(f"{where} does not follow block {height - 1}: its previous hash is another")
    pinned = network.pins.get(height)
    if pinned is not None and header.hash != pinned:
        raise WrongNetwork(f"{where} is {hash_hex(header.hash)}, expected {hash_hex(pinned)}: another chain")
    if int.from_bytes(header.hash, "little") > bits_to_target(header.bits):
        raise InvalidInput(f"{where} has not the work that it claims")
    if header.time <= chain.median_time_past(height - 1):
        raise InvalidInput(f"{where} is not later than the median of the eleven before it")
    if settled:
        required = network.required_bits(network.rules, chain, height, header.time)
        if header.bits != required:
            raise InvalidInput(f"{where} has difficulty bits {header.bits:#010x}, expected {required:#010x}")


@dataclass(frozen=True, slots=True)
class RawHeaders:
    """A checked chain over raw bytes: a `HeaderView` for `verify`."""

    network: str
    start: int
    raw: bytes

    @property
    def tip_height(self) -> int:
        """The height of the last header."""
        return self.start + len(self.raw) // HEADER_SIZE - 1

    def hash_at(self, height: int) -> bytes | None:
        """The hash of the block at that height, or None where there is none."""
        raw = self._raw_at(height)
        return None if raw is None else double_sha256(raw)

    def header_at(self, height: int) -> BlockHeader | None:
        """The header at that height, or None where there is none."""
        raw = self._raw_at(height)
        return None if raw is None else parse_header(raw)

    def _raw_at(self, height: int) -> bytes | None:
        if not self.start <= height <= self.tip_height:
            return None
        at = (height - self.start) * HEADER_SIZE
        return self.raw[at : at + HEADER_SIZE]


def check_headers(raw: bytes, network: Network) -> RawHeaders:
    """Check raw 80-byte headers from the network's genesis, or from its pinned start, and view them.

    Raises WrongNetwork when they begin with another block, InvalidInput naming the first header that
    breaks a rule, or when they end before what was begun at a pinned start is bound by the next pin.
    """
    if not raw or len(raw) % HEADER_SIZE:
        raise InvalidInput(f"expected raw headers of {HEADER_SIZE} bytes each, got {len(raw)} bytes")
    first = parse_header(raw[:HEADER_SIZE])
    starts = [height for height in (0, network.start) if network.pins[height] == first.hash]
    if not starts:
        raise WrongNetwork(
            f"the headers begin with {hash_hex(first.hash)}, which is not a start of {network.name}"
        )
    start = starts[0]
    chain = _Chain(start)
    chain.append(first)
    for at in range(HEADER_SIZE, len(raw), HEADER_SIZE):
        header = parse_header(raw[at : at + HEADER_SIZE])
        _check(network, chain, header, start == 0 or chain.height + 1 - start > _UNSETTLED)
        chain.append(header)
    if start and chain.height < _bound(network):
        raise InvalidInput(
            f"headers from {start} on must reach block {_bound(network)}, they end at {chain.height}"
        )
    return RawHeaders(network.name, start, raw)


def _bound(network: Network) -> int:
    """The first pin above the start: up to there the links alone bind the headers."""
    return min((height for height in network.pins if height > network.start), default=network.start)


@dataclass(frozen=True, slots=True)
class Reorg:
    """The best chain changed above `height`: these blocks left it (hashes, highest first)."""

    height: int
    left: tuple[bytes, ...]


class HeaderStore:
    """All header branches of one network, in `HEADERS_METADATA`; the best chain is a `HeaderView`."""

    def __init__(self, engine: Engine, network: Network) -> None:
        self._engine = engine
        self._network = network

    @property
    def network(self) -> str:
        """The network's name."""
        return self._network.name

    @property
    def tip_height(self) -> int:
        """The height of the best chain's tip, or one below the start when there is none yet."""
        tip = self.tip()
        return tip[0] if tip else self._network.start - 1

    def tip(self) -> tuple[int, bytes] | None:
        """Height and hash of the best chain's tip."""
        query = select(HEADER.c.height, HEADER.c.hash).where(HEADER.c.best).order_by(HEADER.c.height.desc())
        with self._engine.connect() as connection:
            row = connection.execute(query.limit(1)).first()
        return (row[0], row[1]) if row else None

    def hash_at(self, height: int) -> bytes | None:
        """The hash of the best chain's block at that height."""
        header = self.header_at(height)
        return header.hash if header else None

    def header_at(self, height: int) -> BlockHeader | None:
        """The best chain's header at that height."""
        with self._engine.connect() as connection:
            raw = connection.execute(_best().where(HEADER.c.height == height)).scalar()
        return parse_header(raw) if raw else None

    def raw_chain(self) -> Iterator[bytes]:
        """The best chain, raw, from its start on."""
        with self._engine.connect() as connection:
            yield from connection.execute(_best().order_by(HEADER.c.height)).scalars()

    def add(self, raw: bytes) -> Reorg | None:
        """Take in consecutive raw headers, the first following one that is stored (or the network's start).

        Returns what left the best chain, if anything. Raises InvalidInput or WrongNetwork, and then
        nothing of these headers is stored; NotFound when the first one's parent is not known.
        """
        headers = [parse_header(raw[at : at + HEADER_SIZE]) for at in range(0, len(raw), HEADER_SIZE)]
        with self._engine.begin() as connection:
            return self._add(connection, headers)

    def _add(self, connection: Connection, headers: list[BlockHeader]) -> Reorg | None:
        start = self._network.start
        known = _row(connection, headers[0].hash)
        while known is not None and len(headers) > 1:
            headers = headers[1:]
            known = _row(connection, headers[0].hash)
        if known is not None:
            return None
        if headers[0].hash == self._network.pins[start]:
            work = header_work(headers[0].bits)
            _insert(connection, [(headers[0], start, work)])
            chain = _Chain(start)
            chain.append(headers.pop(0))
        else:
            parent = _row(connection, headers[0].prev_hash)
            if parent is None:
                raise NotFound(f"the parent of header {hash_hex(headers[0].hash)} is not known")
            work = int.from_bytes(parent.work, "big")
            chain = self._context(connection, parent.height, headers[0].prev_hash)
        rows = []
        for header in headers:
            height = chain.height + 1
            _check(self._network, chain, header, start == 0 or height - start > _UNSETTLED)
            chain.append(header)
            work += header_work(header.bits)
            rows.append((header, height, work))
        _insert(connection, rows)
        return _choose_best(connection, chain.headers[-1].hash, work)

    def _context(self, connection: Connection, height: int, tip: bytes) -> _Chain:
        """The branch that ends with `tip` at `height`, as far back as the rules look."""
        headers: list[BlockHeader] = []
        first = max(self._network.start, height - _CONTEXT)
        while height - len(headers) >= first:
            row = _row(connection, tip)
            assert row is not None
            if row.best:
                query = _best().where(HEADER.c.height >= first, HEADER.c.height <= row.height)
                stored = connection.execute(query.order_by(HEADER.c.height.desc())).scalars()
                headers += [parse_header(raw) for raw in stored]
                break
            headers.append(parse_header(row.raw))
            tip = headers[-1].prev_hash
        chain = _Chain(first)
        for header in reversed(headers):
            chain.append(header)
        return chain

    def sync(self, source: HeaderSource) -> Reorg | None:
        """Take in what a source has beyond us, walking back to common ground first.

        Raises BroadcastUncertain when it does not answer, InvalidInput or WrongNetwork when what it
        says breaks the rules; what it said before that, and was right, is kept.
        """
        height, tip = source.tip()
        start = self._network.start
        ours = self.tip_height
        if height >= start and self.hash_at(height) == tip:
            return None
        common = min(ours, height)
        step = 1
        while common >= start:
            theirs = source.headers(common, 1)
            if double_sha256(theirs[:HEADER_SIZE]) == self.hash_at(common):
                break
            common, step = common - step, step * 2
        common = max(common, start - 1)
        left: list[bytes] = []
        lowest: int | None = None
        at = common + 1
        while at <= height:
            raw = source.headers(at, min(_BATCH, height - at + 1))
            if not raw or len(raw) % HEADER_SIZE:
                raise InvalidInput(f"the header source gave {len(raw)} bytes for the headers from {at} on")
            reorg = self.add(raw)
            if reorg is not None:
                left += reorg.left
                lowest = reorg.height if lowest is None else min(lowest, reorg.height)
            at += len(raw) // HEADER_SIZE
        return None if lowest is None else Reorg(lowest, tuple(left))


def _best() -> Any:
    return select(HEADER.c.raw).where(HEADER.c.best)


def _row(connection: Connection, block_hash: bytes) -> Any:
    return connection.execute(select(HEADER).where(HEADER.c.hash == block_hash)).first()


def _insert(connection: Connection, rows: list[tuple[BlockHeader, int, int]]) -> None:
    if rows:
        connection.execute(
            HEADER.insert(),
            [
                {
                    "hash": header.hash,
                    "height": height,
                    "raw": header.raw,
                    "work": work.to_bytes(32, "big"),
                    "best": False,
                }
                for header, height, work in rows
            ],
        )


def _choose_best(connection: Connection, tip: bytes, work: int) -> Reorg | None:
    """Make the branch of `tip` the best one if it has more work than the best so far."""
    query = select(HEADER.c.work).where(HEADER.c.best).order_by(HEADER.c.height.desc()).limit(1)
    best = connection.execute(query).scalar()
    if best is not None and int.from_bytes(best, "big") >= work:
        return None
    joining: list[bytes] = []
    row = _row(connection, tip)
    while row is not None and not row.best:
        joining.append(row.hash)
        row = _row(connection, parse_header(row.raw).prev_hash)
    common = row.height if row is not None else -1
    above = HEADER.c.best & (HEADER.c.height > common)
    leaving = connection.execute(select(HEADER.c.hash).where(above).order_by(HEADER.c.height.desc()))
    left = tuple(leaving.scalars())
    connection.execute(update(HEADER).where(above).values(best=False))
    for block_hash in joining:
        connection.execute(update(HEADER).where(HEADER.c.hash == block_hash).values(best=True))
    return Reorg(common, left) if left else None
