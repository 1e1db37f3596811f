"""The journal, the log, the wallet and the headers, as release 0.1.0 made them."""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY, NUMBER

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "entry",
        sa.Column("place", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String, nullable=False, index=True),
        sa.Column("issuer", KEY, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("root", sa.LargeBinary),
        sa.Column("first_event", sa.BigInteger, nullable=False, index=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("recorded", KEY, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("issuer", "root", "count"),
    )
    op.create_table(
        "event",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "event_key",
        sa.Column("kind", sa.SmallInteger, primary_key=True),
        sa.Column("uri", KEY, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tile_hash",
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("tile", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "anchor",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("txid", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("checkpoint", sa.LargeBinary, nullable=False),
        sa.Column("seal_satoshis", sa.BigInteger, nullable=False),
    )
    _wallet()
    op.create_table(
        "header",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("height", sa.Integer, nullable=False, index=True),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("work", sa.LargeBinary, nullable=False),
        sa.Column("best", sa.Boolean, nullable=False),
    )


def _wallet() -> None:
    op.create_table(
        "coin",
        sa.Column("txid", sa.LargeBinary, primary_key=True),
        sa.Column("vout", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("satoshis", sa.BigInteger, nullable=False),
        sa.Column("script", sa.LargeBinary, nullable=False),
        sa.Column("seal", sa.Boolean, nullable=False),
        sa.Column("spent_by", sa.LargeBinary, index=True),
        sa.Column("proof", sa.LargeBinary),
    )
    op.create_table(
        "outbox",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("txid", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("extended", sa.LargeBinary, nullable=False),
        sa.Column("fee", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False, index=True),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("block_height", sa.Integer, index=True),
        sa.Column("block_hash", sa.LargeBinary),
        sa.Column("bump", sa.LargeBinary),
    )
