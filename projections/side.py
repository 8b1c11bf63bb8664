"""Side tables: the tables of projections once more, hidden from all but the one who builds them.

They have the live tables' names and stand where their connection looks first: in a schema of
their own on PostgreSQL, among the temporary tables on SQLite. So the same statements fill them.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.exc import OperationalError

from projections.projection import Projection
from storage.postgresql import READING
from storage.schema import logs

PATIENCE = 100  # milliseconds for which all others may have to wait with us


class SideTables:
    """The side tables of some projections, on the one connection that sees them."""

    def __init__(
        self,
        connection: Connection,
        projections: Sequence[Projection],
        *,
        is_to_stay: bool = True,
    ) -> None:
        """Use this connection; what is not to stay is temporary on PostgreSQL too."""
        self.connection = connection
        self._tables = [table for each in projections for table in each.tables]
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._has_schema = is_to_stay and not self._is_sqlite
        self.side = "temp" if self._is_sqlite else "rebuild" if is_to_stay else "pg_temp"

    def create(self) -> None:
        """Make them, empty; what an earlier, unfinished run left behind is gone."""
        if self._has_schema:
            self._run(f"DROP SCHEMA IF EXISTS {self.side} CASCADE")
            self._run(f"CREATE SCHEMA {self.side}")
        for table in self._tables:
            self._copy(table, self.side).create(self.connection)

    def enter(self) -> None:
        """Let this transaction's statements mean the side tables."""
        if self._has_schema:
            live = self.live()
            self._run(f'SET LOCAL search_path TO {self.side}, "{live}"')

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

    def swap(self, projections: Sequence[Projection]) -> None:
        """Put the side tables of these projections in the place of the live ones."""
        live = self.live()
        for table in (table for each in projections for table in each.tables):
            self._run(f'DROP TABLE IF EXISTS "{live}".{table.name}')
            if self._is_sqlite:
                self._copy(table, live).create(self.connection)
                self._run(f"INSERT INTO {live}.{table.name} SELECT * FROM {self.side}.{table.name}")
            else:
                self._run(f'ALTER TABLE {self.side}.{table.name} SET SCHEMA "{live}"')

    def drop(self) -> None:
        """Leave nothing behind."""
        if self._has_schema:
            self._run(f"DROP SCHEMA {self.side} CASCADE")
            return
        for table in self._tables:
            self._run(f"DROP TABLE {self.side}.{table.name}")

    def live(self) -> str:
        """Return the schema in which the live tables stand."""
        if self._is_sqlite:
            return "main"
        schemas = self.connection.execute(text("SELECT current_schemas(false)")).scalar_one()
        return str(next(each for each in schemas if each != self.side))

    def _run(self, statement: str) -> None:
        self.connection.exec_driver_sql(statement)

    @staticmethod
    def _copy(table: Table, schema: str) -> Table:
        return table.to_metadata(MetaData(), schema=schema)
