"""Error declarations in the index, by which a trace tells what stands; `service.migrate` fills it anew."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """No table changes: the index is filled anew with every upgrade."""
