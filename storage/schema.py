"""The tables that cannot be rebuilt: the log, captured events, projects, keys and queues.

`project_id` leads every key of a project's tables, so that the schema can be distributed by it.
Each change here needs a migration in `storage/migrations`; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
)

from storage.values import UTCDateTime

metadata = MetaData()


projects = Table(
    "projects",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("token", Text, nullable=False, unique=True),
    Column("settings", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("revoked_at", UTCDateTime),
)

logs = Table(
    "logs",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("recorded_at", UTCDateTime, nullable=False),
    Column("next_number", BigInteger, nullable=False),
)
"""One row a project: the head of its log. It is the lock that all who append must hold."""

events = Table(
    "events",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("state", Text),
    Column("recorded_at", UTCDateTime, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("salt", LargeBinary),
    Column("commitment", LargeBinary),
    Index("events_by_person", "project_id", "person_id", "version", unique=True),
)
"""The log. `commitment` is H(salt, state), kept only where these two were erased."""

captured_events = Table(
    "captured_events",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("uuid", Uuid, primary_key=True),
    Column("event", Text, primary_key=True),
    Column("distinct_id", Text, primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("person_version", BigInteger, nullable=False),
    Column("timestamp", UTCDateTime, nullable=False),
    Column("received_at", UTCDateTime, nullable=False),
    Column("properties", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("rank", Integer, nullable=False),
    Index("captured_events_by_person", "project_id", "person_id", "timestamp"),
)
"""`position` is that of the log once the event was taken in; `rank` orders those of one batch."""

ingestion_warnings = Table(
    "ingestion_warnings",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_at", UTCDateTime, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("distinct_id", Text, nullable=False),
    Column("details", Text, nullable=False),
)

event_deletions = Table(
    "event_deletions",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("created_at", UTCDateTime, primary_key=True),
    Column("delete_verified_at", UTCDateTime),
)
"""Whose captured events are to be deleted: those received up to `created_at`."""

erasure_receipts = Table(
    "erasure_receipts",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("erased_at", UTCDateTime, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("completed_at", UTCDateTime),
)
"""What was erased of each person, as `storage.erasure_receipts` says it; nothing of whom."""

tree_nodes = Table(
    "tree_nodes",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("leaves", LargeBinary),
)
"""The complete nodes of each log's Merkle tree, from blocks of leaves up: see `storage.tree`.

`leaves` has the hashes of a block's leaves, one behind the other; None where no block is.
"""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("given_at", UTCDateTime, nullable=False),
)
"""What was said of a log's first `size` events, signed, to somebody outside."""

audit_keys = Table(
    "audit_keys",
    metadata,
    Column("public", LargeBinary, primary_key=True),
    Column("secret", LargeBinary),
    Column("created_at", UTCDateTime, nullable=False),
)
"""The keys that have signed checkpoints; `secret` is None for one that the environment gives."""

verifications = Table(
    "verifications",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("finished_at", UTCDateTime, nullable=False),
    Column("summary", Text, nullable=False),
)
"""What the last verification of a project came to; that of all projects is at project 0."""
