"""Where the resolver leads from an item."""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "item_link",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("item", KEY, nullable=False),
        sa.Column("party", KEY, nullable=False),
        sa.Column("link_type", sa.String, nullable=False),
        sa.Column("href", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("media", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("context", sa.String, nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Index("ix_item_link_item", "item"),
        sa.Index("ix_item_link_party", "party", "id"),
    )
