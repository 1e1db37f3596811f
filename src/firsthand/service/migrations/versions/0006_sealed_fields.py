"""What opens sealed fields, encrypted, and the consents to disclose them."""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY, NUMBER

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sealed_field",
        sa.Column("event", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("field", sa.SmallInteger, nullable=False),
        sa.Column("box", sa.LargeBinary, nullable=False),
        sa.Column("erased", sa.String),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consent",
        sa.Column("place", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("issuer", KEY, nullable=False),
        sa.Column("event", sa.BigInteger, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("box", sa.LargeBinary, nullable=False),
        sa.Column("withdrawn", sa.BigInteger),
        sa.Index("ix_consent_issuer", "issuer", "place"),
        sa.Index("ix_consent_event", "event"),
    )
