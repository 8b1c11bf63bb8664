"""Which shape of each projection the database has."""

from collections.abc import Iterable

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, inspect, select

from projections.projection import Projection, metadata
from projections.views import PROJECTIONS
from storage.statements import Insert

views = Table(
    "views",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)

_insert = Insert(views, on_conflict="replace")


def is_current(connection: Connection) -> bool:
    """Tell whether the database has all projections in their newest shape."""
    return not stale(connection)


def stale(connection: Connection) -> list[Projection]:
    """Return the projections that the database lacks, or has in an older shape."""
    known: dict[str, int] = {}
    if inspect(connection).has_table(views.name):
        known = {row.name: row.version for row in connection.execute(select(views))}
    return [each for each in PROJECTIONS if known.get(each.name) != each.version]


def keep(connection: Connection, schema: str, projections: Iterable[Projection]) -> None:
    """Keep that these projections now stand in a schema in their newest shape."""
    views.to_metadata(MetaData(), schema=schema).create(connection, checkfirst=True)
    _insert.run(connection, [(each.name, each.version) for each in projections])
