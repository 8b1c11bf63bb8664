"""Canaries: what a person leaves wherever something of a person can stand, to be looked for."""

from pathlib import Path

from sqlalchemy import MetaData, inspect, select

from projections import people
from projections.people import PersonRow
from projections.rebuilding.rebuild import rebuild
from storage.engine import Database
from tests.erasures import Erasures
from tests.lives import march

CANARY = "kanarie"  # not what any database knows by itself
ID = f"{CANARY}@example.com"
OTHER_ID = f"{CANARY}-in-the-mine"


def dump(database: Database) -> str:
    """Return all that SELECT finds: every table, every column, a row a line."""
    with database.reading() as connection:
        metadata = MetaData()
        schemas = {each for each in inspect(connection).get_schema_names() if "pg_" not in each}
        for schema in schemas - {"information_schema"}:
            metadata.reflect(connection, schema=schema)
        rows = [
            f"{table.name} {[*row]!r}"
            for table in metadata.sorted_tables
            for row in connection.execute(select(table))
        ]
    return "\n".join(rows)


def file_bytes(database: Database) -> bytes:
    """Return all that the database's own files hold, but for PostgreSQL's write-ahead log."""
    if database.is_sqlite:
        paths = [Path(f"{database.path}{suffix}") for suffix in ("", "-wal", "-rebuild")]
        return b"".join(path.read_bytes() for path in paths if path.exists())
    with database.aside() as pooled:
        connection = pooled.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("CHECKPOINT")
        folder, files = connection.exec_driver_sql(
            "SELECT current_setting('data_directory'), oid FROM pg_database"
            " WHERE datname = current_database()"
        ).one()
    return b"".join(path.read_bytes() for path in Path(folder, "base", str(files)).iterdir())


def canaries(value: str | bytes) -> int:
    """Return how often a canary sings."""
    text = value if isinstance(value, str) else value.decode("latin-1")
    return text.lower().count(CANARY)


def plant(project: Erasures, distinct_id: str = ID) -> None:
    """Let a person leave canaries wherever something of a person can stand."""
    project.capture(
        "opened",
        march(1),
        distinct_id=distinct_id,
        properties={"page": f"/{CANARY}", f"{CANARY}_key": 1},
        email=f"{CANARY}.{distinct_id}",
        name=f"The {CANARY.upper()}",
        **{f"{CANARY} key": True},
        nested={"list": [{CANARY: f"a {CANARY} in it"}], "n": 1},
    )
    project.capture("opened", march(2), distinct_id=distinct_id, plan=f"{CANARY} plan")
    project.edit(march(3), distinct_id, color=f"{CANARY} yellow")
    project.unset(march(4), "plan", distinct_id=distinct_id)
    warned = {"$process_person_profile": f"{CANARY}?"}
    project.capture("opened", march(4), distinct_id=distinct_id, properties=warned)


def keeper(project: Erasures) -> None:
    """Let somebody live who has nothing to do with canaries."""
    project.capture("opened", march(1), distinct_id="keeper", email="keeper@example.com")


def check_gone(project: Erasures) -> None:
    """See that no canary is left, that all is right, and that a rebuild brings none back."""
    assert canaries(dump(project.database)) == 0
    if project.database.is_sqlite:
        assert canaries(file_bytes(project.database)) == 0
    project.check()
    before = sorted(dump(project.database).split("\n"))
    rebuild(project.database)
    assert sorted(dump(project.database).split("\n")) == before


def shown(project: Erasures, distinct_id: str) -> PersonRow:
    """Return a person as it is shown, but for its version."""
    with project.database.reading() as connection:
        found = people.by_distinct_ids(connection, project.project_id, [distinct_id])
    return found[distinct_id]._replace(version=0)
