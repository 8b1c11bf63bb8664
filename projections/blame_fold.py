"""Blame by a fold: all streams from which values came, gone through once in the log's order.

It is right for every person, and takes as long as they have lived; `blame` mostly needs less.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from domain.events import (
    Erased,
    Merged,
    PersonEvent,
    PropertySet,
    PropertyUnset,
    Redacted,
    Unmerged,
)
from domain.values import JSON, same
from projections.lineage import BY_MERGE_AND_BACK, lineage
from projections.setting import Setting, brought, set_by
from storage import streams
from storage.log import END
from storage.mapper import logged_event


def folded(
    connection: Connection, project_id: int, person_id: UUID, until: int = END
) -> dict[str, Setting]:
    """Return how a person came to each of the properties that it had at a position.

    What came over by a merge was set in the source's stream. What a person has back since a merge
    was taken back is blamed on who had set it; where that was nobody, on who took the merge back.
    """
    bounds = lineage(connection, project_id, person_id, topics=BY_MERGE_AND_BACK)
    rows = [r for r in streams.woven(connection, project_id, bounds) if r.position <= until]
    histories: defaultdict[UUID, _History] = defaultdict(_History)
    for row in rows:
        _happen(histories, row, logged_event(row).event)
    return histories[person_id].now


class _History:
    """What one person has at a point of the log, and all that it had before."""

    def __init__(self) -> None:
        self.now: dict[str, Setting] = {}
        self.past: defaultdict[str, list[Setting]] = defaultdict(list)
        self.merges: set[int] = set()
        self.taken_back: set[int] = set()

    def set(self, setting: Setting) -> None:
        self.now[setting.key] = setting
        self.past[setting.key].append(setting)

    def unset(self, key: str) -> None:
        self.now.pop(key, None)

    def is_undone(self, setting: Setting) -> bool:
        """Tell whether a property came by a merge that was taken back."""
        return setting.came_at in self.taken_back

    def settings(self, key: str) -> Iterator[Setting]:
        """Return how it came to a property, the last time first."""
        return reversed(self.past.get(key, []))


_Histories = defaultdict[UUID, _History]


def _happen(histories: _Histories, row: Any, event: PersonEvent | Redacted) -> None:
    history = histories[row.person_id]
    match event:
        case PropertySet():
            for key, value in event.properties.items():
                history.set(set_by(row, event, key, value, event.before))
        case PropertyUnset():
            for key in event.before:
                history.unset(key)
        case Merged():
            _merge(histories, row, event)
        case Unmerged():
            _part(histories, row, event)
        case Erased():
            _keep(history, row, event)


def _merge(histories: _Histories, row: Any, event: Merged) -> None:
    history, source = histories[row.person_id], histories[event.source]
    history.merges.add(row.position)
    for key in event.properties:
        history.set(brought(row, event, key, source.now.get(key)))


def _part(histories: _Histories, row: Any, event: Unmerged) -> None:
    history = histories[row.person_id]
    history.taken_back |= history.merges & {event.merge}
    for key in event.before:
        history.unset(key)
    # What still is as the merge had brought it, the person has for another reason now.
    found = {each.key: each.value for each in history.now.values() if history.is_undone(each)}
    for key, value in (found | event.properties).items():
        history.set(
            _earlier(histories, row, event, key, value)
            or set_by(row, event, key, value, event.before)
        )


def _earlier(
    histories: _Histories, row: Any, event: Unmerged, key: str, value: JSON
) -> Setting | None:
    """Return who had set a value that a person has back; None if nobody had."""
    own, other = histories[row.person_id], histories[event.other]
    ids: set[str | None] = {*event.distinct_ids}
    if event.merge in own.merges:
        ids.add(None)  # what came through no distinct id was asked of this person
        found = (
            e
            for e in own.settings(key)
            if not own.is_undone(e) and (e.came_at < event.merge or e.came_through in ids)
        )
    else:
        found = (
            e for e in other.settings(key) if e.came_at > event.merge and e.came_through in ids
        )
    setting = next(found, None)
    if setting is None or not same(setting.value, value):
        return None
    return setting._replace(came_at=row.position, came_through=None)


def _keep(history: _History, row: Any, event: Erased) -> None:
    """Let the person have what it was left with; who had set that may be gone."""
    if event.kept is None:
        return
    had, history.now = history.now, {}
    for key, value in event.kept.properties.items():
        setting = had.get(key)
        if setting is None or not same(setting.value, value):
            setting = set_by(row, event, key, value)
        history.set(setting)
