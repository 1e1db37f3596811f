"""The index of what the EPCIS queries ask for, and the server's own state.

The index is derived from the journal; `service.migrate` fills it after this.
"""

import sqlalchemy as sa
from alembic import op

from firsthand.journal.database import KEY, NUMBER

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables and empty the old index."""
    op.execute(sa.text("DELETE FROM event_key"))
    op.create_index("ix_entry_recorded", "entry", ["recorded"])
    op.create_table(
        "event_fact",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("issuer", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("action", sa.String),
        sa.Column("biz_step", sa.String),
        sa.Column("disposition", sa.String),
        sa.Index("ix_event_fact_time", "time", "number"),
    )
    op.create_table(
        "event_word",
        sa.Column("kind", sa.SmallInteger, primary_key=True),
        sa.Column("word", KEY, primary_key=True),
        sa.Column("issuer", KEY, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "place_child",
        sa.Column("parent", KEY, primary_key=True),
        sa.Column("child", KEY, primary_key=True),
        sqlite_with_rowid=False,
    )
    _keys()
    _queries()


def _keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("party", sa.String),
        sa.Column("scopes", sa.String, nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("expires", sa.String),
        sa.Column("revoked", sa.String),
    )
    op.create_table(
        "audit",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("api_key", KEY, nullable=False),
        sa.Column("method", sa.String, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Index("ix_audit_api_key", "api_key", "number"),
    )
    op.create_table(
        "capture_job",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("id", KEY, nullable=False, unique=True),
        sa.Column("api_key", KEY),
        sa.Column("issuer", KEY, nullable=False),
        sa.Column("form", sa.String, nullable=False),
        sa.Column("behaviour", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("finished", sa.String),
        sa.Column("success", sa.Boolean, nullable=False),
        sa.Column("errors", sa.Text, nullable=False),
        sa.Column("places", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("leased_until", sa.BigInteger, nullable=False),
        sa.Index("ix_capture_job_issuer", "issuer", "number"),
        sa.Index("ix_capture_job_finished", "finished", "number"),
    )


def _queries() -> None:
    op.create_table(
        "named_query",
        sa.Column("name", KEY, primary_key=True),
        sa.Column("api_key", KEY, nullable=False),
        sa.Column("party", sa.String),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created", sa.String, nullable=False),
    )
    op.create_table(
        "subscription",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("query", KEY, nullable=False, index=True),
        sa.Column("api_key", KEY, nullable=False),
        sa.Column("dest", sa.Text, nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("schedule", sa.Text),
        sa.Column("report_if_empty", sa.Boolean, nullable=False),
        sa.Column("epc_format", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("initial_record_time", sa.String),
        sa.Column("min_record_time", sa.String),
        sa.Column("last_notified", sa.String),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("due", sa.BigInteger, nullable=False, index=True),
        sa.Column("leased_until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "dead_letter",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("subscription", KEY, nullable=False, index=True),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("stop", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("at", sa.String, nullable=False),
    )
    op.create_table(
        "released_token",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("expires", sa.BigInteger, nullable=False),
    )
