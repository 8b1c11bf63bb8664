"""What differs between two positions of the log: for one person, or for all of a project."""

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, func, select

from domain.person import Person
from projections.difference import (
    NOTHING,
    Difference,
    Had,
    Span,
    difference,
    had,
    of_properties,
)
from storage import streams
from storage.log import RECORDED, unindexed_position
from storage.mapper import decode_event, logged_event
from storage.places import version_at
from storage.schema import events
from storage.values import as_uuid

PAGE = 500  # persons whose streams are read with one query
READ_AT_ONCE = 1_000  # events


def of_person(connection: Connection, project_id: int, person_id: UUID, span: Span) -> Difference:
    """Return what differs for one person."""
    version = version_at(connection, project_id, person_id, span.start)
    first = {person_id: _First(span.start, version + 1)}
    for each in _differences(connection, project_id, first, span):
        return each
    return difference(person_id, NOTHING, NOTHING)


def of_project(
    connection: Connection, project_id: int, span: Span, *, after: int
) -> Iterator[tuple[int, Difference]]:
    """Yield who differs, in the order of their first events in the span, with their positions.

    Only those whose first such event is behind `after`. Some persons are held at a time.
    """
    while first := _first(connection, project_id, span, max(after, span.start)):
        found = _differences(connection, project_id, first, span)
        differing = [(first[each.person_id].position, each) for each in found if not each.is_empty]
        yield from sorted(differing, key=lambda each: each[0])
        after = max(each.position for each in first.values())


class _First(NamedTuple):
    """Where the first event of a person in a span stands: in the log, and in its stream."""

    position: int
    version: int


def _first(connection: Connection, project_id: int, span: Span, after: int) -> dict[UUID, _First]:
    """Return the next persons to whom something happened in a span, by their first events there."""
    before = events.alias("before")
    # What stands before an event in its stream, or 0 before the birth: an index leads there.
    preceding = (
        select(before.c.position)
        .where(
            before.c.project_id == events.c.project_id,
            before.c.person_id == events.c.person_id,
            before.c.version == events.c.version - 1,
        )
        .scalar_subquery()
    )
    query = (
        select(events.c.person_id, events.c.position, events.c.version)
        .where(
            events.c.project_id == project_id,
            events.c.position > after,
            events.c.position <= span.end,
            func.coalesce(preceding, 0) <= span.start,
        )
        .order_by(events.c.position)
        .limit(PAGE)
    )
    return {person_id: _First(*place) for person_id, *place in connection.execute(query)}


def _differences(
    connection: Connection, project_id: int, first: dict[UUID, _First], span: Span
) -> Iterator[Difference]:
    """Yield what differs for each person: by its events in the span alone, where these tell."""
    versions = {person_id: place.version for person_id, place in first.items()}
    rows = streams.later(connection, project_id, versions, until=span.end)
    untold = []
    for id, stream in groupby(rows, key=itemgetter(0)):
        person_id = as_uuid(id)
        happened = [decode_event(topic, state) for _, topic, state in stream]
        if versions[person_id] == 1:
            person = Person(person_id)
            for event in happened:
                person.apply(event)
            yield difference(person_id, NOTHING, had(person))
        elif found := of_properties(person_id, happened):
            yield found
        else:
            untold.append(person_id)
    yield from _folded(connection, project_id, untold, span)


def _folded(
    connection: Connection, project_id: int, person_ids: Collection[UUID], span: Span
) -> Iterator[Difference]:
    """Yield what differs for each person, by its whole stream."""
    if not person_ids:
        return
    query = (
        RECORDED.where(
            events.c.project_id == project_id,
            events.c.person_id.in_(person_ids),
            unindexed_position <= span.end,
        )
        .order_by(events.c.person_id, events.c.version)
        .execution_options(yield_per=READ_AT_ONCE)
    )
    with connection.execute(query) as rows:
        for person_id, stream in groupby(rows, key=lambda row: row.person_id):
            yield _fold(Person(person_id), stream, span.start)


def _fold(person: Person, stream: Iterable[Any], start: int) -> Difference:
    before: Had | None = None
    for row in stream:
        if before is None and row.position > start:
            before = had(person)
        person.apply(logged_event(row).event)
    after = had(person)
    return difference(person.id, before or after, after)
