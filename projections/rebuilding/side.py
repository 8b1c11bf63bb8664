"""Side tables: the tables of projections once more, hidden from all but the one who builds them.

They have the live tables' names and stand where their connection looks first: in a schema of
their own on PostgreSQL, in a file of their own on SQLite. So the same statements fill them; and
they outlive whoever builds them, so that what was broken off can go on.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, MetaData, Table, inspect, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateTable

from projections.projection import Projection
from projections.rebuilding import built
from projections.rebuilding.built import Built
from storage.postgresql import READING
from storage.schema import logs
from storage.sqlite import LIVE
from storage.statements import Insert, Packed

PATIENCE = 100  # milliseconds for which all others may have to wait with us
SCHEMA = "rebuild"
"""The schema in which PostgreSQL keeps them."""


class SideTables:
    """The side tables of some projections, on the one connection that sees them."""

    def __init__(self, connection: Connection, projections: Sequence[Projection]) -> None:
        self.connection = connection
        self._projections = projections
        self._tables = [table for each in projections for table in each.tables]
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._side = "main" if self._is_sqlite else SCHEMA
        self.live = LIVE if self._is_sqlite else _live(connection)
        self._inserts = {each.name: Insert(each, on_conflict="replace") for each in self._tables}

    @property
    def shape(self) -> str:
        """What kind of tables these are."""
        return ", ".join(f"{each.name} {each.version}" for each in self._projections)

    def resume(self) -> Built | None:
        """Return how far an earlier run came with tables of this shape; None where none did."""
        found = built.read(self.connection, self._side)
        return found if found and found.shape == self.shape else None

    def create(self) -> None:
        """Make them, empty and without indexes; what an earlier run left behind is gone."""
        self.drop()
        if not self._is_sqlite:
            self._run(f"CREATE SCHEMA {self._side}")
        for table in self._tables:
            self.connection.execute(CreateTable(_copy(table, self._side)))
        built.create(self.connection, self._side)

    def enter(self) -> None:
        """Let this transaction's statements mean the side tables, and its commit wait for no disk.

        What a crash of the machine undoes can be built again. On SQLite the connection is so.
        """
        if not self._is_sqlite:
            self._run(f'SET LOCAL search_path TO {self._side}, "{self.live}"')
            self._run("SET LOCAL synchronous_commit = off")

    def load(self, rows: Mapping[str, Packed]) -> None:
        """Write rows, by the names of their tables."""
        for name, packed in rows.items():
            self._inserts[name].write(self.connection, packed)

    def index(self) -> None:
        """Make the indexes that there are besides the keys: it is quicker once the rows are in."""
        for table in self._tables:
            for index in _copy(table, self._side).indexes:
                index.create(self.connection)

    def keep(self, state: Built) -> None:
        """Keep how far the tables are by this transaction."""
        built.keep(self.connection, self._side, state)

    def stop_others(self) -> bool:
        """Let nobody append or read until this transaction ends; tell whether that could be had.

        PostgreSQL cannot while somebody reads for long: others would have to queue behind us. On
        SQLite a turn to write does the same, and readers stay where they are.
        """
        if self._is_sqlite:
            return True
        try:
            with self.connection.begin_nested():
                self._run(f"SET LOCAL lock_timeout = {PATIENCE}")
                self._run(f"LOCK TABLE {READING}, {logs.name} IN ACCESS EXCLUSIVE MODE")
        except OperationalError:
            return False
        self._run("SET LOCAL lock_timeout = 0")
        return True

    def swap(self) -> None:
        """Put the side tables in the place of the live ones."""
        for table in self._tables:
            self._run(f'DROP TABLE IF EXISTS "{self.live}".{table.name}')
            if self._is_sqlite:
                _copy(table, self.live).create(self.connection)
                self._run(
                    f"INSERT INTO {self.live}.{table.name} SELECT * FROM {self._side}.{table.name}"
                )
            else:
                self._run(f'ALTER TABLE {self._side}.{table.name} SET SCHEMA "{self.live}"')
        if not self._is_sqlite:  # there the whole file goes
            self.drop()

    def drop(self) -> None:
        """Leave nothing behind."""
        if not self._is_sqlite:
            self._run(f"DROP SCHEMA IF EXISTS {self._side} CASCADE")
            return
        for name in inspect(self.connection).get_table_names(schema=self._side):
            self._run(f'DROP TABLE {self._side}."{name}"')

    def _run(self, statement: str) -> None:
        self.connection.exec_driver_sql(statement)


def _live(connection: Connection) -> str:
    schemas = connection.execute(text("SELECT current_schemas(false)")).scalar_one()
    return str(next(each for each in schemas if each != SCHEMA))


def _copy(table: Table, schema: str) -> Table:
    return table.to_metadata(MetaData(), schema=schema)
