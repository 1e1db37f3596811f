"""The tokens that this workspace follows, and the keys of those that it keeps.

Every key comes from the wallet's one secret by HKDF: nothing more needs a backup, and a crash loses no
bearer code. A token's output is in the coin table with a mark of its own, so that no transaction spends it
as a coin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, delete, func, select, update

from firsthand.chain.bearer import ENTROPY, code_secret, encode_code
from firsthand.chain.keys import WalletKey
from firsthand.errors import NotFound
from firsthand.journal.database import reading
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.certificate import Certificate, certificate_document, parse_certificate
from firsthand.proof.fields import from_base64
from firsthand.proof.token import TOKEN_VOUT, parse_outpoint
from firsthand.proof.transaction import Outpoint
from firsthand.service.chain_access import ChainAccess
from firsthand.service.tables import SALE_RECEIPT, TOKEN, TOKEN_MOVE

__all__ = ["ADDRESS", "CODE", "NOBODY", "WORKSPACE", "Move", "Token", "TokenKeys", "TokenStore"]

WORKSPACE: Final = "workspace"
"""Kept under the workspace's own token key."""

CODE: Final = "code"
"""Under a bearer code that this workspace made."""

ADDRESS: Final = "address"
"""Under a key that this workspace does not know."""

NOBODY: Final = ""
"""Ended."""

_SALT: Final = b"firsthand token keys"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece's token: the mint's transaction ID, and the certificate inscribed there."""

    mint: bytes
    piece: str
    generation: int
    certificate: Certificate
    created: str

    @property
    def outpoint(self) -> Outpoint:
        """The token's identity, `TXID:0`."""
        return Outpoint(self.mint, TOKEN_VOUT)


@dataclass(frozen=True, slots=True)
class Move:
    """One transaction of a token's path, the mint being number 0; `owner` the key hash that then holds it."""

    token: bytes
    number: int
    txid: bytes
    kind: str
    keeper: str
    owner: bytes | None
    created: str
    raw: bytes | None = None
    bump: bytes | None = None
    issuer: str | None = None
    event: bytes | None = None
    place: int | None = None


class TokenKeys:
    """The keys of tokens that the workspace keeps, and the bearer codes that it made."""

    def __init__(self, access: ChainAccess) -> None:
        self._network = access.network
        self._secret = access.workspace.wallet_secret

    @cached_property
    def own(self) -> WalletKey:
        """The key under which the workspace keeps tokens; never the wallet's own, whose coins pay fees."""
        return WalletKey(self._derive(32, ["own"]), self._network)

    def code(self, piece: str, generation: int, number: int) -> str:
        """The bearer code under which move `number` of a piece's token puts it."""
        return encode_code(self._derive(ENTROPY, ["code", piece, generation, number]))

    def of_code(self, code: str) -> WalletKey:
        """The key that a bearer code is. Raises InvalidInput saying where it is mistyped."""
        return WalletKey(code_secret(code), self._network)

    def _derive(self, size: int, what: list[Any]) -> bytes:
        return HKDF(SHA256(), size, _SALT, canonical(what)).derive(self._secret)


class TokenStore:
    """The tokens and their moves in `SERVICE_METADATA`; what changes them takes a connection."""

    def __init__(self, access: ChainAccess) -> None:
        self._engine = access.workspace.engine

    def add(self, connection: Connection, token: Token) -> None:
        """Follow another token."""
        row = {
            "mint": token.mint,
            "piece": token.piece,
            "generation": token.generation,
            "maker": token.certificate.maker,
            "certificate": canonical(certificate_document(token.certificate)),
            "created": token.created,
            "bundles": b"",
        }
        connection.execute(TOKEN.insert(), row)

    def add_move(self, connection: Connection, move: Move) -> None:
        """Take the next step of a token's path."""
        row = {name: getattr(move, name) for name in Move.__slots__}
        connection.execute(TOKEN_MOVE.insert(), row)

    def forget(self, connection: Connection, move: Move) -> None:
        """Forget a move that the chain refused, and with the mint the token itself."""
        below = (TOKEN_MOVE.c.token == move.token) & (TOKEN_MOVE.c.number >= move.number)
        connection.execute(delete(TOKEN_MOVE).where(below))
        if move.number == 0:
            connection.execute(delete(TOKEN).where(TOKEN.c.mint == move.token))
        if move.event is not None and "fh:receipt" in (event := parse_canonical(move.event)):
            digest = from_base64(event, "fh:receipt", "$", 32)
            connection.execute(delete(SALE_RECEIPT).where(SALE_RECEIPT.c.digest == digest))

    def keep_bundles(self, connection: Connection, mint: bytes, lines: bytes) -> None:
        """Keep the proofs of events that stand in the logs of others."""
        connection.execute(update(TOKEN).where(TOKEN.c.mint == mint).values(bundles=lines))

    def bundles(self, mint: bytes) -> list[bytes]:
        """Those proofs: lines of a bundle file, each ended by LF."""
        with reading(self._engine) as connection:
            lines = connection.execute(select(TOKEN.c.bundles).where(TOKEN.c.mint == mint)).scalar()
        return (lines or b"").splitlines(keepends=True)

    def recorded(self, connection: Connection, txids: Sequence[bytes], place: int) -> None:
        """The events of these moves stand at that place of the log."""
        chosen = TOKEN_MOVE.c.txid.in_(list(txids))
        connection.execute(update(TOKEN_MOVE).where(chosen).values(place=place))

    def proven(self, connection: Connection, txid: bytes, bump: bytes) -> None:
        """A move made elsewhere has another proof."""
        connection.execute(update(TOKEN_MOVE).where(TOKEN_MOVE.c.txid == txid).values(bump=bump))

    def of_piece(self, connection: Connection, piece: str) -> list[Token]:
        """All tokens of a piece, the ended ones first."""
        query = select(TOKEN).where(TOKEN.c.piece == piece).order_by(TOKEN.c.generation)
        return [_token(row) for row in connection.execute(query)]

    def moves(self, connection: Connection, mint: bytes) -> list[Move]:
        """A token's path, the mint first."""
        query = select(TOKEN_MOVE).where(TOKEN_MOVE.c.token == mint).order_by(TOKEN_MOVE.c.number)
        return [Move(*row) for row in connection.execute(query)]

    def last(self, connection: Connection, mint: bytes) -> Move:
        """The last step of a token's path."""
        return self.moves(connection, mint)[-1]

    def find(self, name: str) -> Token:
        """The token of a piece's URI (its last one), or of an outpoint `TXID:0`. Raises NotFound."""
        with reading(self._engine) as connection:
            tokens = self.of_piece(connection, name)
            if not tokens and name.endswith(f":{TOKEN_VOUT}"):
                query = select(TOKEN).where(TOKEN.c.mint == parse_outpoint(name).txid)
                tokens = [_token(row) for row in connection.execute(query)]
        if not tokens:
            raise NotFound(f"this workspace follows no token of {name!r}; mint it, or import its file")
        return tokens[-1]

    def path(self, token: Token) -> list[Move]:
        """A token's path as of now."""
        with reading(self._engine) as connection:
            return self.moves(connection, token.mint)

    def under(self, owner: bytes) -> tuple[Token, Move] | None:
        """The token that was last put under this key hash, with the move that put it there."""
        query = (
            select(TOKEN_MOVE)
            .where(TOKEN_MOVE.c.owner == owner)
            .order_by(TOKEN_MOVE.c.created.desc(), TOKEN_MOVE.c.number.desc())
        )
        with reading(self._engine) as connection:
            row = connection.execute(query.limit(1)).first()
            if row is None:
                return None
            move = Move(*row)
            found = connection.execute(select(TOKEN).where(TOKEN.c.mint == move.token)).one()
        return _token(found), move

    def unrecorded(self) -> list[Move]:
        """Moves whose event is not in the journal yet, in order."""
        waiting = TOKEN_MOVE.c.event.is_not(None) & TOKEN_MOVE.c.place.is_(None)
        query = select(TOKEN_MOVE).where(waiting).order_by(TOKEN_MOVE.c.token, TOKEN_MOVE.c.number)
        with reading(self._engine) as connection:
            return [Move(*row) for row in connection.execute(query)]

    def by_txid(self, txids: Sequence[bytes]) -> list[Move]:
        """The moves that these transactions are."""
        query = select(TOKEN_MOVE).where(TOKEN_MOVE.c.txid.in_(list(txids)))
        with reading(self._engine) as connection:
            return [Move(*row) for row in connection.execute(query.order_by(TOKEN_MOVE.c.number))]

    def all(self) -> Iterator[Token]:
        """Every token, in the order in which they were made."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(TOKEN).order_by(TOKEN.c.created, TOKEN.c.piece)).all()
        for row in rows:
            yield _token(row)

    def count(self) -> int:
        """How many tokens there are."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(TOKEN)).scalar_one())


def _token(row: Any) -> Token:
    certificate = parse_certificate(parse_canonical(row.certificate))
    return Token(row.mint, row.piece, row.generation, certificate, row.created)
