"""How far side tables are built: kept beside them, so that a rebuild goes on where it was."""

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Struct, field
from sqlalchemy import Column, Connection, MetaData, Table, Text, inspect, select

from projections.rebuilding.shares import Share, shares

STATE = "rebuild_state"


class BuiltLog(Struct):
    """A log: the shares of its events up to `until` that are `made`, of so many.

    Once all are, the tables are brought up from there to `position`.
    """

    until: int
    shares: int
    position: int
    made: set[int] = field(default_factory=set)

    @property
    def done(self) -> int:
        """About how many events the tables are built from."""
        left = self.until * (self.shares - len(self.made)) // (self.shares or 1)
        return self.position - left


class Built(Struct):
    """What is built into side tables, and how far: `shape` says of what kind they are."""

    shape: str
    logs: dict[int, BuiltLog]
    has_indexes: bool = False

    @property
    def left(self) -> Iterator[Share]:
        """Yield the shares that are not made yet."""
        for project_id, built in self.logs.items():
            for share in shares(project_id, built.shares):
                if share.number not in built.made:
                    yield share

    @property
    def done(self) -> dict[int, int]:
        """The positions up to which the tables are, by project."""
        return {project_id: built.position for project_id, built in self.logs.items()}

    @done.setter
    def done(self, positions: Mapping[int, int]) -> None:
        for project_id, position in positions.items():
            begun = self.logs.setdefault(project_id, BuiltLog(until=0, shares=0, position=0))
            begun.position = position


def read(connection: Connection, schema: str) -> Built | None:
    """Return how far the tables in a schema are; None where nothing says so."""
    if not inspect(connection).has_table(STATE, schema=schema):
        return None
    text = connection.execute(select(_table(schema).c.state)).scalar()
    return msgspec.json.decode(text, type=Built) if text else None


def create(connection: Connection, schema: str) -> None:
    """Make room to keep it."""
    _table(schema).create(connection)


def keep(connection: Connection, schema: str, built: Built) -> None:
    """Keep how far the tables are, with what the transaction has done to them."""
    table = _table(schema)
    connection.execute(table.delete())
    connection.execute(table.insert().values(state=msgspec.json.encode(built).decode()))


def _table(schema: str) -> Table:
    return Table(STATE, MetaData(), Column("state", Text, nullable=False), schema=schema)
