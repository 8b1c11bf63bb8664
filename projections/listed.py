"""What a reader of the list has seen already, though it has moved since: see `listed_before`."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from domain.events import Merged
from storage.mapper import decode_event
from storage.schema import events


def listed_before(
    connection: Connection,
    project_id: int,
    person_ids: Collection[UUID],
    *,
    since: int,
    before: tuple[datetime, UUID],
) -> set[UUID]:
    """Return those persons that at position `since` stood at or before a place of the list.

    The list goes from the newest to the oldest. A merge makes a person as old as the older of the
    two, so it may move from a page that was read to one that was not.
    """
    query = (
        select(events.c.person_id, events.c.topic, events.c.state)
        .where(
            events.c.project_id == project_id,
            events.c.person_id.in_(person_ids),
            events.c.position > since,
            events.c.topic == Merged.__name__,
            events.c.state.is_not(None),
        )
        .order_by(events.c.position.desc())
    )
    first: dict[UUID, datetime] = {}
    for person_id, topic, state in connection.execute(query):
        event = decode_event(topic, state)
        assert isinstance(event, Merged)
        first[person_id] = event.created_before
    return {person_id for person_id, at in first.items() if (at, person_id) >= before}
