"""The log, what stands beside it, and who may open it."""

import sqlalchemy as sa
from alembic import op

from storage.values import UTCDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False, unique=True),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("project_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("revoked_at", UTCDateTime),
    )
    op.create_table(
        "logs",
        sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("recorded_at", UTCDateTime, nullable=False),
        sa.Column("next_number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("state", sa.Text),
        sa.Column("recorded_at", UTCDateTime, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("commitment", sa.LargeBinary),
        sa.Index("events_by_person", "project_id", "person_id", "version", unique=True),
    )
    op.create_table(
        "captured_events",
        sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("uuid", sa.Uuid, primary_key=True),
        sa.Column("event", sa.Text, primary_key=True),
        sa.Column("distinct_id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("person_version", sa.BigInteger, nullable=False),
        sa.Column("timestamp", UTCDateTime, nullable=False),
        sa.Column("received_at", UTCDateTime, nullable=False),
        sa.Column("properties", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Index("captured_events_by_person", "project_id", "person_id", "timestamp"),
    )
    op.create_table(
        "ingestion_warnings",
        sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", UTCDateTime, primary_key=True),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("distinct_id", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
    )
    op.create_table(
        "event_deletions",
        sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person_id", sa.Uuid, primary_key=True),
        sa.Column("created_at", UTCDateTime, primary_key=True),
        sa.Column("delete_verified_at", UTCDateTime),
    )
    op.create_table(
        "erasure_receipts",
        sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person_id", sa.Uuid, primary_key=True),
        sa.Column("erased_at", UTCDateTime, nullable=False),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("completed_at", UTCDateTime),
    )
    op.create_table(
        "tree_nodes",
        sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("leaves", sa.LargeBinary),
    )
    op.create_table(
        "checkpoints",
        sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("given_at", UTCDateTime, nullable=False),
    )
    op.create_table(
        "audit_keys",
        sa.Column("public", sa.LargeBinary, primary_key=True),
        sa.Column("secret", sa.LargeBinary),
        sa.Column("created_at", UTCDateTime, nullable=False),
    )
    op.create_table(
        "verifications",
        sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("finished_at", UTCDateTime, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )
