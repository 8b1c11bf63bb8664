"""Who set a property to what, as blame tells it."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import UNSET, UnsetType

from domain.events import Actor, Cause, Merged, PersonEvent
from domain.values import JSON, Properties, same


class Setting(NamedTuple):
    """Who set a property to a value: by the event at `position`, recorded at `since`.

    `merged_from` is the person with whom the value came over. `came_at` and `came_through` are the
    position and the distinct id by which this person got it, be it by a merge.
    """

    key: str
    value: JSON
    since: datetime
    position: int
    actor: Actor
    cause: Cause | None
    before: JSON | UnsetType
    merged_from: UUID | None
    came_at: int
    came_through: str | None


def set_by(
    row: Any, event: PersonEvent, key: str, value: JSON, before: Properties | None = None
) -> Setting:
    """Return that an event of the log set a property; `before` is what the properties were then."""
    origin = event.origin
    return Setting(
        key,
        value,
        row.recorded_at,
        row.position,
        origin.actor,
        origin.cause,
        before.get(key, UNSET) if before else UNSET,
        None,
        row.position,
        origin.distinct_id,
    )


def brought(row: Any, event: Merged, key: str, there: Setting | None) -> Setting:
    """Return that a merge brought a property over; `there` is how the source had come to it.

    Where the source is not known to have had that value, it is the merge that set it.
    """
    by_merge = set_by(row, event, key, event.properties[key])
    if there is None or not same(there.value, by_merge.value):
        there = by_merge
    return there._replace(
        merged_from=event.source,
        came_at=by_merge.came_at,
        came_through=by_merge.came_through,
    )
