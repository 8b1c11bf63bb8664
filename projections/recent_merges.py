"""The merges of a project, the newest first."""

from typing import Any, NamedTuple

from sqlalchemy import Connection

from domain.events import Merged, Unmerged
from domain.values import JSON
from projections.history import told
from projections.lineage import LAST
from storage import streams
from storage.log import END, RECORDED, head_position
from storage.mapper import logged_event
from storage.schema import events

MAX_LOOKED = 20_000  # events that are looked at for one page


class RecentMerge(NamedTuple):
    """A merge, as an event is told, and whether it was taken back."""

    event: dict[str, JSON]
    is_taken_back: bool


class MergePage(NamedTuple):
    """Merges, newest first. `before` is where to go on; None at the beginning of the log."""

    merges: list[RecentMerge]
    before: int | None


def page(connection: Connection, project_id: int, *, before: int | None, limit: int) -> MergePage:
    """Return the last `limit` merges before a position, or before the end of the log.

    Where these are rare, a page may have fewer, and the next one goes on.
    """
    last = min(before or END, head_position(connection, project_id) + 1)
    first = max(last - MAX_LOOKED, 1)
    query = RECORDED.where(
        events.c.project_id == project_id,
        events.c.position >= first,
        events.c.position < last,
        events.c.topic == Merged.__name__,
    ).order_by(events.c.position.desc())
    rows = connection.execute(query.limit(limit)).all()
    first = rows[-1].position if len(rows) == limit else first
    taken_back = _taken_back(connection, project_id, {row.person_id: LAST for row in rows})
    merges = [RecentMerge(told(row), row.position in taken_back) for row in rows]
    return MergePage(merges, first if first > 1 else None)


def _taken_back(connection: Connection, project_id: int, survivors: dict[Any, int]) -> set[int]:
    if not survivors:
        return set()
    topics = [Unmerged.__name__]
    rows = streams.woven(connection, project_id, survivors, topics=topics)
    found = (logged_event(row).event for row in rows)
    return {event.merge for event in found if isinstance(event, Unmerged)}
