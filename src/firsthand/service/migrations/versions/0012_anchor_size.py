"""An index of the anchors' sizes, by which the one that covers an entry is found."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_anchor_size", "anchor", ["size"])
