"""The values that a property has among the persons of a project, and how many have each."""

from collections import Counter
from heapq import nsmallest

from sqlalchemy import Connection, collate, select

from domain.values import clean
from projections.filter_sql import candidates
from projections.filters import Filter
from projections.owners import distinct_ids
from projections.persons import persons
from projections.searches import in_distinct_ids
from projections.texts import folded, reader, text

READ_AT_ONCE = 1_000  # rows


def values(
    connection: Connection, project_id: int, key: str, contains: str | None = None, limit: int = 20
) -> list[tuple[str, int]]:
    """Return the values of a property as texts, with the numbers of persons that have them.

    Those that most have come first, and of these the first in the alphabet; `contains` leaves out
    those without this text in them, in upper or lower case. The key `distinct_id` means distinct
    ids, by the alphabet.
    """
    part = folded(clean(contains or ""))
    if key == "distinct_id":
        return _distinct_ids(connection, project_id, part, limit)
    counted = _counted(connection, project_id, clean(key))
    found = ((-count, name) for name, count in counted.items() if part in folded(name))
    return [(name, -negative) for negative, name in nsmallest(limit, found)]


def _counted(connection: Connection, project_id: int, key: str) -> Counter[str]:
    """Return how many persons have each value; 1 and "1" are the same text."""
    is_set = Filter(key=key, operator="is_set")
    query = (
        select(persons.c.properties)
        .where(
            persons.c.project_id == project_id,
            *candidates(connection.dialect.name, persons.c.properties, [is_set]),
        )
        .execution_options(yield_per=READ_AT_ONCE)
    )
    read = reader(frozenset({key}))
    with connection.execute(query) as rows:
        found = (read(properties).get(key) for properties in rows.scalars())
        return Counter(text(value) for value in found if value is not None)


def _distinct_ids(
    connection: Connection, project_id: int, part: str, limit: int
) -> list[tuple[str, int]]:
    dialect = connection.dialect.name
    # In the order of code points, whatever alphabet the database was set up with.
    order = collate(distinct_ids.c.distinct_id, "BINARY" if dialect == "sqlite" else "C")
    query = (
        select(distinct_ids.c.distinct_id)
        .where(*in_distinct_ids(dialect, project_id, part))
        .order_by(order)
        .limit(limit)
    )
    return [(name, 1) for name in connection.execute(query).scalars()]
