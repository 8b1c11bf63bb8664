"""A person's properties as they were right after any of its versions, folded from its stream."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from sqlalchemy import Connection

from domain.events import PlacedEvent
from domain.person import Person
from domain.values import Properties
from storage import streams
from storage.mapper import decode_event


def stream(
    connection: Connection,
    project_id: int,
    person_id: UUID,
    *,
    below: int | None = None,
    until: int | None = None,
) -> list[PlacedEvent]:
    """Return the events of one person, by version, without those that were erased.

    `below` leaves out the versions from there on, `until` what stands behind that position.
    """
    rows = streams.states(connection, project_id, person_id, below=below, until=until)
    return [
        PlacedEvent(person_id, version, decode_event(topic, state))
        for version, topic, state in rows
        if state is not None
    ]


def snapshots(
    person_id: UUID, events: Sequence[PlacedEvent], versions: Iterable[int]
) -> Iterator[tuple[int, Properties]]:
    """Yield the versions, ascending, each with what the properties were after it.

    All get the one bag that the fold goes on with: who keeps it must copy it. A version before
    the first event has an empty one.
    """
    person = Person(person_id)
    applied = 0
    for version in sorted(versions):
        while applied < len(events) and events[applied].version <= version:
            person.apply(events[applied].event)
            applied += 1
        yield version, person.properties
