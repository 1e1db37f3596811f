"""Tokens of pieces, their moves, receipts of sales; and a mark on coins that hold a token."""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables; no coin of before holds a token."""
    op.add_column("coin", sa.Column("token", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "token",
        sa.Column("mint", sa.LargeBinary, primary_key=True),
        sa.Column("piece", KEY, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("maker", KEY, nullable=False),
        sa.Column("certificate", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("bundles", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("piece", "generation"),
    )
    op.create_table(
        "token_move",
        sa.Column("token", sa.LargeBinary, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("txid", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("keeper", sa.String, nullable=False),
        sa.Column("owner", sa.LargeBinary, index=True),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("bump", sa.LargeBinary),
        sa.Column("issuer", sa.String),
        sa.Column("event", sa.LargeBinary),
        sa.Column("place", sa.BigInteger),
    )
    op.create_table(
        "sale_receipt",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("token", sa.LargeBinary, nullable=False, index=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
