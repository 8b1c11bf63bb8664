"""All persons of a project as they were, one by one: a fold over each stream in turn."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, tuple_

from domain.person import Person
from domain.values import JSON
from storage.mapper import logged_event
from storage.schema import events

PAGE = 1_000  # events read at once
_FIRST = UUID(int=0)


def states(connection: Connection, project_id: int, *, until: int) -> Iterator[Person]:
    """Yield the persons that lived at a position, by uuid. Holds one of them at a time."""
    person: Person | None = None
    for row in _by_stream(connection, project_id, until):
        if person is None or person.id != row.person_id:
            if person and person.is_living:
                yield person
            person = Person(row.person_id)
        person.apply(logged_event(row).event)
    if person and person.is_living:
        yield person


def _by_stream(connection: Connection, project_id: int, until: int) -> Iterator[Any]:
    place = tuple_(events.c.person_id, events.c.version)
    query = (
        select(
            events.c.person_id,
            events.c.version,
            events.c.position,
            events.c.topic,
            events.c.state,
        )
        .where(events.c.project_id == project_id, events.c.position <= until)
        .order_by(events.c.person_id, events.c.version)
        .limit(PAGE)
    )
    after: tuple[UUID, int] = (_FIRST, 0)
    while rows := connection.execute(query.where(place > after)).all():
        yield from rows
        after = (rows[-1].person_id, rows[-1].version)


def shown(person: Person) -> dict[str, JSON]:
    """Return a person as a JSON object."""
    return {
        "id": person.number,
        "uuid": person.id,
        "version": person.version,
        "created_at": person.created_at,
        "last_seen_at": person.last_seen_at,
        "is_identified": person.is_identified,
        "distinct_ids": person.distinct_ids,
        "properties": person.properties,
    }
