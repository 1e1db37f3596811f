"""The short codes that labels carry."""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "short_code",
        sa.Column("code", sa.String, primary_key=True),
        sa.Column("item", KEY, nullable=False, unique=True),
    )
