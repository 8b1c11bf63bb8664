"""Captured events as they are kept: written once, recognised when they come again."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    Uuid,
    bindparam,
    select,
)

from domain.batch import KeptCapture
from domain.captured import CapturedEvent, TakenIn
from domain.loaded import Seen
from domain.values import encode
from storage.queries import Query, among
from storage.schema import captured_events
from storage.statements import Insert
from storage.values import as_uuid

_insert = Insert(captured_events)


@Query
def _seen(dialect: str) -> Select[Any]:
    kept = captured_events.c
    sent = among(dialect, "uuids", Uuid)
    is_same = (kept.project_id == bindparam("project_id", type_=BigInteger)) & (kept.uuid == sent)
    return select(kept.uuid, kept.event, kept.distinct_id).select_from(
        sent.table.outerjoin(captured_events, is_same)
    )


def seen(connection: Connection, project_id: int, captured: Iterable[CapturedEvent]) -> set[Seen]:
    """Return what of these, or of others with their uuids, is kept already."""
    uuids = [each.uuid for each in captured if each.is_repeatable]
    if not uuids:
        return set()
    rows = _seen.run(connection, {"project_id": project_id, "uuids": uuids})
    return {Seen(as_uuid(row[0]), row[1], row[2]) for row in rows if row[0]}


def keep(
    connection: Connection,
    project_id: int,
    kept: Iterable[KeptCapture],
    at: datetime,
    *,
    after: int,
) -> None:
    """Write captured events, received at this time; the log stood at `after` before them."""
    rows = [
        (
            project_id,
            captured.uuid,
            captured.event,
            captured.distinct_id,
            person_id,
            version,
            captured.timestamp,
            at,
            encode(captured.properties).decode(),
            after + events_before,
            rank,
        )
        for rank, (captured, person_id, version, events_before) in enumerate(kept)
    ]
    _insert.run(connection, rows)


def taken_in(connection: Connection, project_id: int, person_id: UUID) -> list[TakenIn]:
    """Return the captured events of a person that are kept, in the order in which they came in."""
    kept = captured_events.c
    query = (
        select(captured_events)
        .where(kept.project_id == project_id, kept.person_id == person_id)
        .order_by(kept.position, kept.received_at, kept.rank)
    )
    return [
        TakenIn(
            row.position,
            CapturedEvent(
                event=row.event,
                distinct_id=row.distinct_id,
                uuid=row.uuid,
                timestamp=row.timestamp,
                properties=msgspec.json.decode(row.properties),
            ),
        )
        for row in connection.execute(query)
    ]
