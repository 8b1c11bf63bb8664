"""What captured events asked for: which distinct ids were to be joined, and whose these are."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Row, select

from domain.captured import MERGES, CapturedEvent, merge_source
from projections.owners import distinct_ids
from storage.schema import captured_events

READ_AT_ONCE = 1_000  # rows

_FLAG = "$process_person_profile"


def captured(connection: Connection, project_id: int) -> Iterator[Row[Any]]:
    """Yield all captured events that are kept, in the order in which they came in."""
    kept = captured_events.c
    query = (
        select(kept.position, kept.uuid, kept.event, kept.distinct_id, kept.person_version)
        .add_columns(kept.timestamp, kept.properties)
        .where(kept.project_id == project_id)
        .order_by(kept.position, kept.received_at, kept.rank)
        .execution_options(yield_per=READ_AT_ONCE)
    )
    with connection.execute(query) as rows:
        yield from rows


def named(connection: Connection, project_id: int) -> set[str]:
    """Return the distinct ids that events asked to join."""
    kept = captured_events.c
    query = (
        select(kept.uuid, kept.event, kept.distinct_id, kept.person_version)
        .add_columns(kept.timestamp, kept.properties)
        .where(kept.project_id == project_id, kept.event.in_(MERGES))
        .execution_options(yield_per=READ_AT_ONCE)
    )
    names = set()
    with connection.execute(query) as rows:
        for row in rows:
            source = merge_source(stripped(row))
            if source is not None:
                names |= {source, row.distinct_id}
    return names


def living(connection: Connection, project_id: int, names: set[str]) -> tuple[dict[str, UUID], int]:
    """Return whose each of some distinct ids is, and how many persons have none of them."""
    owned = distinct_ids.c
    query = select(owned.distinct_id, owned.person_id).where(owned.project_id == project_id)
    owners = {}
    others = set()
    with connection.execute(query.execution_options(yield_per=READ_AT_ONCE)) as rows:
        for distinct_id, person_id in rows:
            if distinct_id in names:
                owners[distinct_id] = person_id
            else:
                others.add(person_id)
    return owners, len(others - set(owners.values()))


def stripped(row: Row[Any]) -> CapturedEvent:
    """Return a captured event with nothing but what it says of identity."""
    properties = msgspec.json.decode(row.properties)
    key = MERGES.get(row.event, _FLAG)
    return CapturedEvent(
        event=row.event,
        distinct_id=row.distinct_id,
        uuid=row.uuid,
        timestamp=row.timestamp,
        properties={name: properties[name] for name in (key, _FLAG) if name in properties},
        is_repeatable=False,
        # Where it has touched nobody, it must not do so now.
        processes_person=row.person_version > 0,
    )
