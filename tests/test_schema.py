from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint, inspect, text

from projections.projection import metadata as projection_metadata
from projections.rebuilding.shapes import views
from storage import schema
from storage.engine import Database
from storage.errors import UnknownSchemaError
from storage.migrate import REVISIONS, migrate, revision

KEYS = (PrimaryKeyConstraint, UniqueConstraint)

OF_ALL_PROJECTS = {"projects", "api_keys", "audit_keys", views.name}
"""Small tables that a distributed database would have whole on every machine."""

TABLES = [
    table
    for metadata in (schema.metadata, projection_metadata)
    for table in metadata.sorted_tables
    if table.name not in OF_ALL_PROJECTS
]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def test_the_steps_lead_to_the_schema(database: Database) -> None:
    migrate(database)

    with database.writing() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, schema.metadata) == []


def test_a_new_database_gets_the_newest_version(database: Database) -> None:
    with database.writing() as connection:
        assert revision(connection) is None

    migrate(database)

    with database.writing() as connection:
        assert revision(connection) == REVISIONS[-1]


def test_to_migrate_again_changes_nothing(database: Database) -> None:
    migrate(database)
    before = tables(database)

    migrate(database)

    assert tables(database) == before


def test_several_may_start_at_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, databases))

    assert set(schema.metadata.tables) < tables(databases[0])
    for each in databases:
        each.close()


def test_a_version_that_is_not_ours_is_refused(database: Database) -> None:
    migrate(database)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(UnknownSchemaError) as refusal:
        migrate(database)

    assert str(refusal.value) == (
        f"the database has schema version '9999'; this version knows {', '.join(REVISIONS)}"
    )


def test_a_step_that_fails_leaves_nothing_behind(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE event_deletions (ours integer)"))

    with pytest.raises(Exception, match="event_deletions"):
        migrate(database)

    assert tables(database) == {"event_deletions"}


def tables(database: Database) -> set[str]:
    with database.writing() as connection:
        return set(inspect(connection).get_table_names())


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_the_project_leads_every_key(table: Table) -> None:
    """So the schema can be distributed by project, and a query never looks at another's rows."""
    keys = [each.columns.keys() for each in table.constraints if isinstance(each, KEYS)]
    keys += [each.columns.keys() for each in table.indexes]

    assert [key[0] for key in keys] == ["project_id"] * len(keys)


def test_what_names_no_project_is_for_all_of_them() -> None:
    nameless = {
        table.name
        for metadata in (schema.metadata, projection_metadata)
        for table in metadata.sorted_tables
        if not {"project_id"} & set(table.primary_key.columns.keys())
    }

    assert nameless == OF_ALL_PROJECTS
