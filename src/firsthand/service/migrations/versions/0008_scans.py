"""Scans of labels, and the NFC tags on pieces."""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY, NUMBER

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "scan",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("piece", KEY, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("latitude", sa.Integer),
        sa.Column("longitude", sa.Integer),
        sa.Column("device", sa.LargeBinary),
        sa.Column("tag", sa.Boolean, nullable=False),
        sa.Index("ix_scan_piece", "piece", "at"),
        sa.Index("ix_scan_at", "at"),
    )
    op.create_table(
        "scan_tag",
        sa.Column("uid", sa.LargeBinary, primary_key=True),
        sa.Column("piece", KEY, nullable=False, index=True),
        sa.Column("counter", sa.BigInteger, nullable=False),
        sa.Column("created", sa.String, nullable=False),
    )
