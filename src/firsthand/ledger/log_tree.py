"""The log: the RFC 6962 tree over the journal's entries, as C2SP tiles (tlog-tiles, height 8).

Level 0 of the tiles is the entries' leaf hashes themselves; each full tile's hash is stored as a node of
the level above, so that a root or a proof in a log of millions reads a few tiles.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Engine, LargeBinary, SmallInteger, Table, select

from firsthand.errors import InvalidInput
from firsthand.journal.database import reading
from firsthand.journal.protocol import EventRow, NewEntry
from firsthand.journal.store import ENTRY, METADATA
from firsthand.proof.merkle import consistency_ranges, inclusion_ranges, tree_root

__all__ = ["TILE_WIDTH", "LogTree"]

TILE_WIDTH: Final = 256
_CACHED_TILES: Final = 512

TILE_HASH: Final = Table(
    "tile_hash",
    METADATA,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("tile", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)


class LogTree:
    """A projection of the journal's entries into tile hashes; also answers for roots and proofs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tiles: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        """Store the hashes of the tiles that this entry completes."""
        level, end = 0, place + 1
        while end % TILE_WIDTH == 0:
            tile = end // TILE_WIDTH - 1
            root = tree_root(self._read(connection, level, tile * TILE_WIDTH, end))
            level, end = level + 1, tile + 1
            row = {"level": level, "tile": tile, "hash": root}
            connection.execute(TILE_HASH.insert(), row)

    def events(self, connection: Connection, first: int, issuer: str, rows: Sequence[EventRow]) -> None:
        """Events stand in their capture's own tree, not in the log's."""

    def root(self, size: int) -> bytes:
        """The root of the log's first `size` entries. Raises InvalidInput when there are fewer."""
        with reading(self._engine) as connection:
            return self._range_hash(connection, 0, size)

    def inclusion_proof(self, place: int, size: int) -> list[bytes]:
        """The inclusion proof of the entry at `place` in the log of `size` entries."""
        ranges = inclusion_ranges(place, size)
        with reading(self._engine) as connection:
            return [self._range_hash(connection, start, end) for start, end in ranges]

    def consistency_proof(self, first: int, second: int) -> list[bytes]:
        """The proof that the log of `first` entries is the beginning of that of `second`."""
        ranges = consistency_ranges(first, second)
        with reading(self._engine) as connection:
            return [self._range_hash(connection, start, end) for start, end in ranges]

    def tile(self, level: int, index: int, width: int = TILE_WIDTH) -> bytes:
        """The first `width` hashes of a tile, concatenated, as tlog-tiles serves them."""
        start = index * TILE_WIDTH
        with reading(self._engine) as connection:
            return b"".join(self._nodes(connection, level, start, start + width))

    def _range_hash(self, connection: Connection, start: int, end: int) -> bytes:
        """The hash of a subtree; its width above one tile, `start` is a multiple of the tile's width.

        Going up a level, the part beyond the last full tile is hashed by itself and stands for one more
        node at the right edge: RFC 6962 splits at powers of two, which are multiples of a full tile.
        """
        tail: list[bytes] = []
        level = 0
        while end - start > TILE_WIDTH:
            full = end - end % TILE_WIDTH
            edge = self._nodes(connection, level, full, end) + tail
            tail = [tree_root(edge)] if edge else []
            start, end, level = start // TILE_WIDTH, full // TILE_WIDTH, level + 1
        return tree_root(self._nodes(connection, level, start, end) + tail)

    def _nodes(self, connection: Connection, level: int, start: int, end: int) -> list[bytes]:
        nodes: list[bytes] = []
        while start < end:
            tile = start // TILE_WIDTH
            stop = min(end, (tile + 1) * TILE_WIDTH)
            hashes = self._tile(connection, level, tile, stop - tile * TILE_WIDTH)
            nodes += hashes[start - tile * TILE_WIDTH : stop - tile * TILE_WIDTH]
            start = stop
        return nodes

    def _tile(self, connection: Connection, level: int, tile: int, width: int) -> list[bytes]:
        cached = self._tiles.get((level, tile))
        if cached is not None:
            self._tiles.move_to_end((level, tile))
            return cached
        start = tile * TILE_WIDTH
        hashes = self._read(connection, level, start, start + width)
        if width == TILE_WIDTH:
            self._tiles[level, tile] = hashes
            if len(self._tiles) > _CACHED_TILES:
                self._tiles.popitem(last=False)
        return hashes

    def _read(self, connection: Connection, level: int, start: int, end: int) -> list[bytes]:
        if level == 0:
            query = select(ENTRY.c.leaf).where(ENTRY.c.place >= start, ENTRY.c.place < end)
            query = query.order_by(ENTRY.c.place)
        else:
            query = select(TILE_HASH.c.hash).where(
                TILE_HASH.c.level == level, TILE_HASH.c.tile >= start, TILE_HASH.c.tile < end
            )
            query = query.order_by(TILE_HASH.c.tile)
        hashes = list(connection.execute(query).scalars())
        if len(hashes) != end - start:
            raise InvalidInput(f"the log has no nodes {start} to {end} at level {level}: it is smaller")
        return hashes
