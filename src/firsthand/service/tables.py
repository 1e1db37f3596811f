"""The tables of the service's own state: keys, jobs, queries, status lists as published. None is provenance.

What was recorded stands in the journal alone; losing these tables loses access, not records.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from firsthand.journal.database import KEY, NUMBER

__all__ = [
    "API_KEY",
    "AUDIT",
    "CAPTURE_JOB",
    "CONSENT",
    "DEAD_LETTER",
    "ITEM_LINK",
    "NAMED_QUERY",
    "OBSERVED_LIST",
    "PAYMENT",
    "PAYMENT_LINE",
    "PAYMENT_TRANSACTION",
    "PUBLISHED_LIST",
    "RELEASED_TOKEN",
    "SALE_RECEIPT",
    "SCAN",
    "SCAN_TAG",
    "SERVICE_METADATA",
    "SHORT_CODE",
    "STATUS_SEATS",
    "SUBSCRIPTION",
    "TOKEN",
    "TOKEN_MOVE",
]

SERVICE_METADATA: Final = MetaData()

API_KEY: Final = Table(
    "api_key",
    SERVICE_METADATA,
    Column("id", KEY, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("party", String),
    Column("scopes", String, nullable=False),
    Column("label", String, nullable=False),
    Column("created", String, nullable=False),
    Column("expires", String),
    Column("revoked", String),
)
AUDIT: Final = Table(
    "audit",
    SERVICE_METADATA,
    Column("number", NUMBER, primary_key=True),
    Column("at", String, nullable=False),
    Column("api_key", KEY, nullable=False),
    Column("method", String, nullable=False),
    Column("target", String, nullable=False),
    Column("status", BigInteger, nullable=False),
    Column("client", String, nullable=False),
    Column("request_id", String, nullable=False),
    Index("ix_audit_api_key", "api_key", "number"),
)
CAPTURE_JOB: Final = Table(
    "capture_job",
    SERVICE_METADATA,
    Column("number", NUMBER, primary_key=True),
    Column("id", KEY, nullable=False, unique=True),
    Column("api_key", KEY),
    Column("issuer", KEY, nullable=False),
    Column("form", String, nullable=False),
    Column("behaviour", String, nullable=False),
    Column("created", String, nullable=False),
    Column("finished", String),
    Column("success", Boolean, nullable=False),
    Column("errors", Text, nullable=False),
    Column("places", Text, nullable=False),
    Column("body", LargeBinary),
    Column("leased_until", BigInteger, nullable=False),
    Index("ix_capture_job_issuer", "issuer", "number"),
    Index("ix_capture_job_finished", "finished", "number"),
)
"""`body` is kept until the job has finished; until `leased_until` (microseconds) a process works on it."""

CONSENT: Final = Table(
    "consent",
    SERVICE_METADATA,
    Column("place", NUMBER, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False, unique=True),
    Column("issuer", KEY, nullable=False),
    Column("event", BigInteger, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("box", LargeBinary, nullable=False),
    Column("withdrawn", BigInteger),
    Index("ix_consent_issuer", "issuer", "place"),
    Index("ix_consent_event", "event"),
)
"""A consent at its place in the log, about the event with this global number; what it says is in `box`, under
a key of the sealing keys. `withdrawn` is the place of its withdrawal."""

NAMED_QUERY: Final = Table(
    "named_query",
    SERVICE_METADATA,
    Column("name", KEY, primary_key=True),
    Column("api_key", KEY, nullable=False),
    Column("party", String),
    Column("document", Text, nullable=False),
    Column("created", String, nullable=False),
)
SUBSCRIPTION: Final = Table(
    "subscription",
    SERVICE_METADATA,
    Column("id", KEY, primary_key=True),
    Column("query", KEY, nullable=False, index=True),
    Column("api_key", KEY, nullable=False),
    Column("dest", Text, nullable=False),
    Column("token", Text),
    Column("schedule", Text),
    Column("report_if_empty", Boolean, nullable=False),
    Column("epc_format", String, nullable=False),
    Column("created", String, nullable=False),
    Column("initial_record_time", String),
    Column("min_record_time", String),
    Column("last_notified", String),
    Column("position", BigInteger, nullable=False),
    Column("batch", BigInteger, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("last_error", Text),
    Column("due", BigInteger, nullable=False, index=True),
    Column("leased_until", BigInteger, nullable=False),
)
"""`position` is the first event not looked at yet; `due` and `leased_until` in microseconds since 1970."""

DEAD_LETTER: Final = Table(
    "dead_letter",
    SERVICE_METADATA,
    Column("number", NUMBER, primary_key=True),
    Column("subscription", KEY, nullable=False, index=True),
    Column("first", BigInteger, nullable=False),
    Column("stop", BigInteger, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("at", String, nullable=False),
)
"""Deliveries that were given up: the matching events numbered `first` up to, not including, `stop`."""

RELEASED_TOKEN: Final = Table(
    "released_token",
    SERVICE_METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("expires", BigInteger, nullable=False),
)
STATUS_SEATS: Final = Table(
    "status_seats",
    SERVICE_METADATA,
    Column("name", KEY, primary_key=True),
    Column("issuer", KEY, nullable=False, index=True),
    Column("length", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("stride", BigInteger, nullable=False),
    Column("taken", BigInteger, nullable=False),
)
"""Seat n of a pair of status lists is entry (offset + n × stride) mod length; `taken` are given away."""

PUBLISHED_LIST: Final = Table(
    "published_list",
    SERVICE_METADATA,
    Column("list", KEY, primary_key=True),
    Column("leaf", LargeBinary, nullable=False),
    Column("renew", String, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
"""A list as it was last signed, after the change with that leaf hash; from `renew` on it is signed anew."""

OBSERVED_LIST: Final = Table(
    "observed_list",
    SERVICE_METADATA,
    Column("leaf", LargeBinary, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)
"""Status lists of others as they were fetched, by the leaf hash that the journal names."""

TOKEN: Final = Table(
    "token",
    SERVICE_METADATA,
    Column("mint", LargeBinary, primary_key=True),
    Column("piece", KEY, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("maker", KEY, nullable=False),
    Column("certificate", LargeBinary, nullable=False),
    Column("created", String, nullable=False),
    Column("bundles", LargeBinary, nullable=False),
    UniqueConstraint("piece", "generation"),
)
"""The tokens that this workspace follows; `generation` counts the ended ones of a piece before it.
`bundles` are lines of an imported file: proofs of events that stand in the logs of others."""

TOKEN_MOVE: Final = Table(
    "token_move",
    SERVICE_METADATA,
    Column("token", LargeBinary, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("txid", LargeBinary, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("keeper", String, nullable=False),
    Column("owner", LargeBinary, index=True),
    Column("created", String, nullable=False),
    Column("raw", LargeBinary),
    Column("bump", LargeBinary),
    Column("issuer", String),
    Column("event", LargeBinary),
    Column("place", BigInteger),
)
"""Each transaction of a token's path, the mint as number 0. One made here is in the outbox; of one made
elsewhere `raw` and `bump` stand here. `event` is what `issuer` records of it, at `place` once that is
done."""

SALE_RECEIPT: Final = Table(
    "sale_receipt",
    SERVICE_METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("token", LargeBinary, nullable=False, index=True),
    Column("document", LargeBinary, nullable=False),
)
"""What was paid, by whom: only the digest of it is journaled, and the salt in it keeps that from being
guessed.
"""

SCAN: Final = Table(
    "scan",
    SERVICE_METADATA,
    Column("number", NUMBER, primary_key=True),
    Column("piece", KEY, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("latitude", Integer),
    Column("longitude", Integer),
    Column("device", LargeBinary),
    Column("tag", Boolean, nullable=False),
    Index("ix_scan_piece", "piece", "at"),
    Index("ix_scan_at", "at"),
)
"""Scans of labels, until they are deleted: `at` in seconds since 1970, the place in tenths of a degree,
`device` a keyed hash that differs from piece to piece."""

SCAN_TAG: Final = Table(
    "scan_tag",
    SERVICE_METADATA,
    Column("uid", LargeBinary, primary_key=True),
    Column("piece", KEY, nullable=False, index=True),
    Column("counter", BigInteger, nullable=False),
    Column("created", String, nullable=False),
)
"""NFC tags: on which piece each is, and the highest counter that it has proven, -1 before the first. Not
deleted with scans: a replay must stay one."""

SHORT_CODE: Final = Table(
    "short_code",
    SERVICE_METADATA,
    Column("code", String, primary_key=True),
    Column("item", KEY, nullable=False, unique=True),
)
"""The codes on labels and what they name. A code is derived from its item; the table says which of two items
that derive the same one has it."""
ITEM_LINK: Final = Table(
    "item_link",
    SERVICE_METADATA,
    Column("id", KEY, primary_key=True),
    Column("item", KEY, nullable=False),
    Column("party", KEY, nullable=False),
    Column("link_type", String, nullable=False),
    Column("href", String, nullable=False),
    Column("title", String, nullable=False),
    Column("media", String, nullable=False),
    Column("language", String, nullable=False),
    Column("context", String, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("created", String, nullable=False),
    Index("ix_item_link_item", "item"),
    Index("ix_item_link_party", "party", "id"),
)
"""Where the resolver leads from an item, as its party wants it; what is empty is not said."""

PAYMENT: Final = Table(
    "payment",
    SERVICE_METADATA,
    Column("id", KEY, primary_key=True),
    Column("item", KEY, nullable=False, index=True),
    Column("path", String, nullable=False),
    Column("created", KEY, nullable=False, index=True),
    Column("script", LargeBinary, index=True),
    Column("quote", Text, nullable=False),
)
"""What a shopper was offered: the item, who shares in it, and where the money goes. Kept, as late money
counts, too. `script` is of the one-time address, where there is one."""

PAYMENT_TRANSACTION: Final = Table(
    "payment_transaction",
    SERVICE_METADATA,
    Column("txid", LargeBinary, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("payment", KEY, index=True),
    Column("satoshis", BigInteger, nullable=False),
    Column("created", String, nullable=False),
    Column("place", BigInteger),
)
"""A transaction that brought money (`wallet`, `direct`, `arrival`) or passed it on (`fanout`, `settle`), in
the order in which they were made. How it stands, the outbox says. `place` is its record's in the log."""

PAYMENT_LINE: Final = Table(
    "payment_line",
    SERVICE_METADATA,
    Column("txid", LargeBinary, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("vout", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("payment", KEY, nullable=False, index=True),
    Column("party", KEY, nullable=False, index=True),
    Column("satoshis", BigInteger, nullable=False),
    Column("prefix", String, nullable=False),
    Column("suffix", String, nullable=False),
    Column("salt", LargeBinary, nullable=False),
)
"""Whose each satoshi of an output is: `paid` out, `held` for a party (several may share one output), or a
`fee`. `prefix` and `suffix` derive the output's key (BRC-29); both empty for a plain address."""
