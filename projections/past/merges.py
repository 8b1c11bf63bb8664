"""The merges into a person, and which of them can be taken back."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.events import EVENT_CLASSES, Erased, Merged, PropertySet, PropertyUnset
from domain.merges import Merges
from projections.lineage import LAST
from storage import streams
from storage.mapper import logged_event

# Properties are most of a stream, and say nothing of what can be taken back.
_TOPICS = EVENT_CLASSES.keys() - {PropertySet.__name__, PropertyUnset.__name__}


class PastMerge(NamedTuple):
    """The merge of `source` at a position; `obstacle` is why it cannot be taken back."""

    position: int
    at: datetime
    source: UUID
    distinct_ids: list[str]
    obstacle: str | None


def past_merges(connection: Connection, project_id: int, person_id: UUID) -> list[PastMerge]:
    """Return the merges into a person, oldest first."""
    rows = streams.woven(connection, project_id, {person_id: LAST}, topics=_TOPICS)
    times = {row.position: row.recorded_at for row in rows}
    stream = [logged_event(row) for row in rows]
    sources = {each.event.source: LAST for each in stream if isinstance(each.event, Merged)}
    erasures = streams.woven(connection, project_id, sources, topics={Erased.__name__})
    merges = Merges(stream, erased={row.person_id: row.version for row in erasures})
    return [
        PastMerge(
            position=position,
            at=times[position],
            source=merged.source,
            distinct_ids=merged.distinct_ids,
            obstacle=merges.obstacle(position),
        )
        for position, merged in merges.merged.items()
    ]
