"""The databases that the settings name, opened, and brought up to date."""

from api.settings import Settings, SettingsError
from projections.rebuilding import rebuild
from storage.engine import Database
from storage.migrate import migrate


def open_database(settings: Settings) -> Database:
    """Return the database that the settings name.

    Raises:
        InvalidDatabaseUrlError: they name none that we can use.
    """
    return _open(settings.database_url, settings)


def open_replica(settings: Settings) -> Database | None:
    """Return the replica that the settings name; None where they name none.

    Raises:
        InvalidDatabaseUrlError: the name leads to no database that we can use.
        SettingsError: one of the two is SQLite.
    """
    if settings.read_database_url is None:
        return None
    replica = _open(settings.read_database_url, settings)
    if replica.is_sqlite or open_database(settings).is_sqlite:
        raise SettingsError("READ_DATABASE_URL: only PostgreSQL has replicas, SQLite has none")
    return replica


def _open(url: str, settings: Settings) -> Database:
    threshold = settings.pg_prepare_threshold
    return Database(url, prepare_threshold=None if threshold == "none" else threshold)


def prepare(database: Database) -> None:
    """Bring the schema up to date, and build those projections that are missing.

    Raises:
        UnknownSchemaError: see `storage.migrate.migrate`.
    """
    migrate(database)
    rebuild.ensure(database)
