"""One person as it was: at a place of the log, or at a time by the events' own clocks."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from uuid import UUID

from sqlalchemy import Connection

from domain.events import PersonCreated
from domain.person import Person
from domain.values import clean, encode
from projections.known import Known, known
from projections.occurrences import occurrences
from projections.past.tables import past_distinct_ids
from projections.person_rows import PersonRow
from projections.snapshots import stream
from storage import streams
from storage.log import RECORDED
from storage.mapper import decode_event, logged_event
from storage.places import Place, position_of
from storage.raw_rows import RawRow
from storage.schema import events


def at_place(connection: Connection, project_id: int, person: Known, place: Place) -> Person | None:
    """Return a person as it was at a place of the log; None if it did not live then.

    Raises:
        InvalidParameterError: see `storage.places.position_of`.
    """
    position = position_of(connection, project_id, place, "as_of")
    states = streams.states(connection, project_id, person.person_id, until=position)
    return _living(folded(person.person_id, states), person)


def folded(person_id: UUID, stream: Iterable[RawRow]) -> Person:
    """Return what events make of a person: of each row the last two are topic and state."""
    person = Person(person_id)
    for _, topic, state in stream:
        person.apply(decode_event(topic, state))
    return person


def at_time(
    connection: Connection,
    project_id: int,
    person: Known,
    at: datetime,
    as_known_at: Place | None = None,
) -> Person | None:
    """Return a person as it was by the events' own clocks; None if it did not live then.

    What occurred up to that time counts, in the order in which it occurred: also what arrived
    late, but for what was recorded behind `as_known_at`. The birth comes first, whatever its clock
    said.

    Raises:
        InvalidParameterError: see `storage.places.position_of`.
    """
    until = None
    if as_known_at is not None:
        until = position_of(connection, project_id, as_known_at, "as_known_at")
    lived = stream(connection, project_id, person.person_id, until=until)
    occurred = [each for each in occurrences(lived) if each.moment.at <= at]
    if not occurred:
        return None
    found = Person(person.person_id)
    found.apply(lived[0].event)
    for event in chain.from_iterable(each.events for each in occurred):
        if not isinstance(event, PersonCreated):
            found.apply(event)
    return _living(found, person)


def owner_at_time(
    connection: Connection,
    project_id: int,
    distinct_id: str,
    at: datetime,
    as_known_at: Place | None = None,
) -> Known | None:
    """Return whose a distinct id was by the events' own clocks; None if it never was anybody's.

    Before it was anybody's, it is taken for that of its first owner: events may arrive late. What
    was recorded behind `as_known_at` does not count.

    Raises:
        InvalidParameterError: see `storage.places.position_of`.
    """
    until = None
    if as_known_at is not None:
        until = position_of(connection, project_id, as_known_at, "as_known_at")
    owners = list(_owners(connection, project_id, clean(distinct_id), until))
    if not owners:
        return None
    earlier = [each for each in owners if each[0] <= at]
    _, person_id = earlier[-1] if earlier else owners[0]
    return known(connection, project_id, person_id)


def _owners(
    connection: Connection, project_id: int, distinct_id: str, until: int | None
) -> Iterator[tuple[datetime, UUID]]:
    """Yield since when a distinct id was whose, in the order in which that occurred."""
    owned = past_distinct_ids.c
    query = RECORDED.join_from(
        past_distinct_ids,
        events,
        (events.c.project_id == owned.project_id) & (events.c.position == owned.position),
    ).where(owned.project_id == project_id, owned.distinct_id == distinct_id)
    if until is not None:
        query = query.where(owned.position <= until)
    logged = [logged_event(row) for row in connection.execute(query.order_by(owned.position))]
    for each in sorted(logged, key=lambda each: each.event.origin.occurred_at):
        yield each.event.origin.occurred_at, each.person_id


def _living(person: Person, known: Known) -> Person | None:
    if not person.is_living:
        return None
    person.number = known.number
    return person


def row(person: Person) -> PersonRow:
    """Return a folded person as the view of current persons would have it."""
    return PersonRow(
        person.id,
        person.number,
        person.version,
        person.created_at,
        person.last_seen_at,
        person.is_identified,
        encode(person.properties).decode(),
        person.distinct_ids,
    )
