"""Who became a part of a person: the streams from which its values came, each up to a version."""

from collections.abc import Collection, Iterator
from uuid import UUID

from sqlalchemy import Connection

from domain.events import Merged, Unmerged
from storage import places, streams
from storage.mapper import logged_event

LAST = 2**62  # a version that no person has
BY_MERGE = (Merged.__name__,)
BY_MERGE_AND_BACK = (Merged.__name__, Unmerged.__name__)


def lineage(
    connection: Connection, project_id: int, person_id: UUID, *, topics: Collection[str]
) -> dict[UUID, int]:
    """Return the person and all whose streams lead to its own, each with their last version there.

    By a merge, all of the source up to it; by a merge that was taken back, where this is among
    the topics, all of the person that it was taken back from.
    """
    bounds: dict[UUID, int] = {}
    fresh = {person_id: LAST}
    while fresh:
        bounds |= fresh
        rows = streams.woven(connection, project_id, fresh, topics=topics)
        fresh = {}
        for other, version in _joined(connection, project_id, rows):
            if version > max(bounds.get(other, 0), fresh.get(other, 0)):
                fresh[other] = version
    return bounds


def _joined(
    connection: Connection, project_id: int, rows: Collection[object]
) -> Iterator[tuple[UUID, int]]:
    for logged in map(logged_event, rows):
        match logged.event:
            case Merged() as event:
                yield event.source, event.source_version
            case Unmerged() as event:
                position = logged.position
                yield event.other, places.version_at(connection, project_id, event.other, position)
