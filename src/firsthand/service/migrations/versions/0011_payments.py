"""Payouts and payments to makers."""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables."""
    _payouts()
    op.create_table(
        "payment",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("item", KEY, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("created", KEY, nullable=False),
        sa.Column("script", sa.LargeBinary),
        sa.Column("quote", sa.Text, nullable=False),
        sa.Index("ix_payment_item", "item"),
        sa.Index("ix_payment_created", "created"),
        sa.Index("ix_payment_script", "script"),
    )
    op.create_table(
        "payment_transaction",
        sa.Column("txid", sa.LargeBinary, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("payment", KEY),
        sa.Column("satoshis", sa.BigInteger, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("place", sa.BigInteger),
        sa.Index("ix_payment_transaction_payment", "payment"),
    )
    op.create_table(
        "payment_line",
        sa.Column("txid", sa.LargeBinary, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("vout", sa.Integer, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("payment", KEY, nullable=False),
        sa.Column("party", KEY, nullable=False),
        sa.Column("satoshis", sa.BigInteger, nullable=False),
        sa.Column("prefix", sa.String, nullable=False),
        sa.Column("suffix", sa.String, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Index("ix_payment_line_payment", "payment"),
        sa.Index("ix_payment_line_party", "party"),
    )


def _payouts() -> None:
    op.create_table(
        "payout_statement",
        sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("party", KEY, nullable=False),
        sa.Column("issuer", KEY, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Index("ix_payout_statement_party", "party"),
    )
    op.create_table(
        "payout_value",
        sa.Column("leaf", sa.LargeBinary, primary_key=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
