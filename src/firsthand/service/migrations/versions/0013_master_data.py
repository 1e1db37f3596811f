"""Places within places by their vocabulary, and the attributes of master data; both are filled anew."""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the tables."""
    op.drop_table("place_child")
    op.create_table(
        "place_child",
        sa.Column("vocabulary", KEY, primary_key=True),
        sa.Column("parent", KEY, primary_key=True),
        sa.Column("child", KEY, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "element_attribute",
        sa.Column("attribute", KEY, primary_key=True),
        sa.Column("vocabulary", KEY, primary_key=True),
        sa.Column("element", KEY, primary_key=True),
        sa.Column("issuer", KEY, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
