"""The append-only store: the log and what stands beside it, on SQLite and on PostgreSQL."""
