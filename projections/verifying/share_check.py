"""Whether the live views have the rows that the events of a share's persons make."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Select, Table, Text, bindparam, select

from projections.rebuilding.made import Unmade, make
from projections.rebuilding.shares import Share
from projections.views import PROJECTIONS
from storage.columns import for_sqlite
from storage.log import END
from storage.queries import Query, among
from storage.raw_rows import RawRow, read
from storage.statements import Row

TABLES = {table.name: table for each in PROJECTIONS for table in each.tables}


class Differing(NamedTuple):
    """What only one of both has, as the driver gives it: live rows, and rows made of events."""

    live: Collection[RawRow]
    made: Collection[RawRow]


class Checked(NamedTuple):
    """What a share was found to be: how many rows each table has, and where it differs."""

    project_id: Any
    events: int
    rows: dict[str, int]
    differing: dict[str, Differing]
    unmade: list[Unmade]


def check(connection: Connection, share: Share, *, only: str | None = None) -> Checked:
    """Compare the live rows of a share with those that its events make.

    Where no index of a table leads to persons, those rows are read that the made ones lead to; but
    all of the table named `only`, which is then the one that is compared.
    """
    made = make(connection, share, PROJECTIONS, until=END)
    unmade = {each.person_id for each in made.unmade}
    counts, differing = {}, {}
    for table in [TABLES[only]] if only else TABLES.values():
        wanted = _as_kept(connection, table, made.rows.get(table, ()))
        if leads_to_persons(table) or only:
            found = _in_share(connection, table, share)
        else:
            found = _led_to(connection, table, wanted)
        counts[table.name] = len(found)
        new = set(wanted)
        if len(found) != len(new) or not new.issuperset(found):  # cheaper than another set
            live = set(found)
            place = list(table.columns).index(table.c.person_id)
            only_live = [row for row in live - new if row[place] not in unmade]
            differing[table.name] = Differing(only_live, list(new - live))
    return Checked(share.project_id, made.events, counts, differing, made.unmade)


def leads_to_persons(table: Table) -> bool:
    """Tell whether an index leads to all rows of a person."""
    keys = [table.primary_key.columns, *(each.columns for each in table.indexes)]
    return any([column.name for column in key][:2] == ["project_id", "person_id"] for key in keys)


def _as_kept(connection: Connection, table: Table, rows: Sequence[Row]) -> Sequence[RawRow]:
    """Return rows with values as the database keeps them."""
    if not rows or connection.dialect.name != "sqlite":
        return rows
    columns = zip(*rows, strict=True)
    types = [column.type for column in table.columns]
    return list(zip(*map(for_sqlite, types, columns), strict=True))


def _in_share(connection: Connection, table: Table, share: Share) -> Sequence[RawRow]:
    is_in_project = table.c.project_id == share.project_id
    return read(connection, select(table).where(is_in_project, *share.holds(table.c.person_id)))


def _led_to(connection: Connection, table: Table, made: Sequence[RawRow]) -> list[RawRow]:
    """Return the rows of the same persons that have the keys of made ones."""
    key = list(table.columns).index(_key(table))
    place = list(table.columns).index(table.c.person_id)
    persons = {row[place] for row in made}
    parameters = {"project_id": made[0][0] if made else 0, "keys": list({row[key] for row in made})}
    rows = _by_key(table).run(connection, parameters)
    return [row for row in map(tuple, rows) if row[place] in persons]


@cache
def _by_key(table: Table) -> Query:
    def build(dialect: str) -> Select[Any]:
        key = among(dialect, "keys", Text)
        is_led_to = (table.c.project_id == bindparam("project_id", type_=BigInteger)) & (
            _key(table) == key
        )
        return select(table).select_from(key.table.outerjoin(table, is_led_to))

    return Query(build)


def _key(table: Table) -> Any:
    """Return the column by which rows are found: the key's first, behind the project's."""
    return list(table.primary_key.columns)[1]
