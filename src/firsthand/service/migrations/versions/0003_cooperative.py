"""Members of cooperatives, their deliveries, confirmations and accounts."""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY, NUMBER

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    _members()
    _accounts()
    _deliveries()
    op.create_table(
        "confirmation",
        sa.Column("leaf", sa.LargeBinary, primary_key=True),
        sa.Column("place", sa.BigInteger, primary_key=True),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("issuer", KEY, nullable=False),
        sa.Column("code", KEY, unique=True),
    )


def _members() -> None:
    op.create_table(
        "member",
        sa.Column("uri", KEY, primary_key=True),
        sa.Column("cooperative", KEY, nullable=False, index=True),
        sa.Column("party", KEY, index=True),
        sa.Column("same_as", KEY, index=True),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "member_record",
        sa.Column("leaf", sa.LargeBinary, primary_key=True),
        sa.Column("uri", KEY, nullable=False, index=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "member_number",
        sa.Column("cooperative", KEY, primary_key=True),
        sa.Column("number", KEY, primary_key=True),
        sa.Column("uri", KEY, nullable=False, index=True),
        sa.Column("since", sa.BigInteger, nullable=False),
    )


def _accounts() -> None:
    op.create_table(
        "season",
        sa.Column("cooperative", KEY, primary_key=True),
        sa.Column("name", KEY, primary_key=True),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("opened", sa.String, nullable=False),
    )
    op.create_table(
        "account_entry",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("member", KEY, nullable=False),
        sa.Column("season", KEY, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("against", sa.String, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("day", sa.String, nullable=False),
        sa.Column("reference", KEY, nullable=False, index=True),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("reverses", sa.BigInteger, unique=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.UniqueConstraint("member", "season", "sequence"),
    )
    op.create_table(
        "account_document",
        sa.Column("leaf", sa.LargeBinary, primary_key=True),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("leaves", sa.LargeBinary, nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("uri", KEY, nullable=False, unique=True),
        sa.Column("cooperative", KEY, nullable=False),
        sa.Column("member", KEY, nullable=False),
        sa.Column("season", KEY, nullable=False, index=True),
        sa.Column("day", KEY, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("lot", KEY, nullable=False),
        sa.Column("gross", sa.String, nullable=False),
        sa.Column("tare", sa.String, nullable=False),
        sa.Column("uom", sa.String, nullable=False),
        sa.Column("price", sa.String, nullable=False),
        sa.Column("deduction", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("advance", sa.BigInteger, nullable=False),
        sa.Column("balance", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("brought_by", sa.String, nullable=False),
        sa.Column("paper", KEY, nullable=False, index=True),
        sa.Column("subject", KEY, nullable=False, index=True),
        sa.Column("first_event", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("reversed", sa.BigInteger),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("instead", sa.BigInteger),
        sa.Index("ix_delivery_member", "member", "day"),
    )
    op.create_table(
        "card_code",
        sa.Column("card", KEY, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("member", KEY, nullable=False, index=True),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.Column("delivery", sa.BigInteger),
    )
