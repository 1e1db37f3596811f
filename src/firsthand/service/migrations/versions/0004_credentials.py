"""Credentials and their subjects, status lists and their changes, and lists as published and observed."""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables; no journal of before has entries of these kinds."""
    op.create_table(
        "credential",
        sa.Column("leaf", sa.LargeBinary, primary_key=True),
        sa.Column("id", KEY, nullable=False, index=True),
        sa.Column("type", KEY, nullable=False),
        sa.Column("profile", sa.String, nullable=False),
        sa.Column("issuer", KEY, nullable=False, index=True),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("confidential", sa.Boolean, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Index("ix_credential_place", "place", "position"),
    )
    op.create_table(
        "credential_subject",
        sa.Column("subject", KEY, primary_key=True),
        sa.Column("leaf", sa.LargeBinary, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "status_list",
        sa.Column("list", KEY, primary_key=True),
        sa.Column("issuer", KEY, primary_key=True),
        sa.Column("purpose", KEY, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("bits", sa.LargeBinary),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "status_change",
        sa.Column("list", KEY, primary_key=True),
        sa.Column("issuer", KEY, primary_key=True),
        sa.Column("purpose", KEY, primary_key=True),
        sa.Column("place", sa.BigInteger, primary_key=True),
        sqlite_with_rowid=False,
    )
    _service()


def _service() -> None:
    op.create_table(
        "status_seats",
        sa.Column("name", KEY, primary_key=True),
        sa.Column("issuer", KEY, nullable=False, index=True),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("stride", sa.BigInteger, nullable=False),
        sa.Column("taken", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "published_list",
        sa.Column("list", KEY, primary_key=True),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("renew", sa.String, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "observed_list",
        sa.Column("leaf", sa.LargeBinary, primary_key=True),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
