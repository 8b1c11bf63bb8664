"""Those few current persons among whom all of a list are, where what is asked for leads to few."""

from uuid import UUID

from sqlalchemy import Connection, select

from projections import searches
from projections.filter_sql import candidates
from projections.persons import persons
from projections.persons_query import PersonsQuery

MAX_FEW = 1_000  # persons that are read as a whole, to be looked at one by one


def ids(connection: Connection, project_id: int, query: PersonsQuery) -> set[UUID] | None:
    """Return the uuids of a few persons who include all that are listed; None if there are many."""
    for email in query.emails():
        owners = select(persons.c.person_id).where(
            persons.c.project_id == project_id, persons.c.email == email
        )
        found = connection.execute(owners.limit(MAX_FEW)).scalars().all()
        if len(found) < MAX_FEW:
            return set(found)
    for text in query.texts():
        found = searches.found(connection, project_id, text, limit=MAX_FEW)
        if len(found) < MAX_FEW:
            return set(found)
    return _less_than_a_page(connection, project_id, query) if query.after is None else None


def _less_than_a_page(
    connection: Connection, project_id: int, query: PersonsQuery
) -> set[UUID] | None:
    """Return all whose properties may meet the conditions, if they would not even fill a page.

    To look for them in the table's own order takes a fraction of what the list's order takes: up
    to a fifth where persons were not created in it. If there are more, the first of them come soon.
    """
    wanted = candidates(connection.dialect.name, persons.c.properties, query.conditions())
    if not wanted:
        return None
    bound = min(query.limit, MAX_FEW)
    some = select(persons.c.person_id).where(persons.c.project_id == project_id, *wanted)
    found = connection.execute(some.limit(bound)).scalars().all()
    return set(found) if len(found) < bound else None
