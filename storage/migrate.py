"""The schema's version: brought up to date at a start, refused where it is not one of ours."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from storage.engine import Database
from storage.errors import UnknownSchemaError

REVISIONS = ("0001",)
"""All versions that the schema has had, oldest first; each is a file in `migrations/versions`."""

START_LOCK = 7_736_219  # one of PostgreSQL's advisory locks: any number that nobody else uses


def migrate(database: Database) -> None:
    """Make the tables that are missing, and bring older ones up to date; then nothing is to do.

    Several processes may start at once: one does the work, the others wait for it.

    Raises:
        UnknownSchemaError: the database was written by a later version, or by something else.
    """
    with database.writing() as connection:
        take_start_lock(connection)
        current = revision(connection)
        if current is not None and current not in REVISIONS:
            raise UnknownSchemaError(
                f"the database has schema version {current!r}; "
                f"this version knows {', '.join(REVISIONS)}"
            )
        if current != REVISIONS[-1]:
            _upgrade(connection)


def take_start_lock(connection: Connection) -> None:
    """Be the only one to set up the database until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": START_LOCK})


def revision(connection: Connection) -> str | None:
    """Return the schema's version; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def _upgrade(connection: Connection) -> None:
    # Imported here: most starts find the schema up to date and need no alembic.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
