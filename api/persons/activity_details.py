"""What was done to a person, told in PostHog's terms: as PostHog does, or with all values."""

from collections.abc import Iterator

from msgspec import Struct

from domain.events import (
    Deleted,
    DistinctIdAdded,
    Identified,
    Merged,
    MergedInto,
    PersonCreated,
    PersonEvent,
    PropertyBackfilled,
    Split,
    Undeleted,
    Unmerged,
)
from domain.values import JSON
from projections import history
from projections.activity_log import Activity


class Change(Struct, frozen=True, kw_only=True):
    """What was changed. Values of properties are told where all sources are asked for."""

    type: str = "Person"
    action: str
    field: str | None = None
    before: JSON = None
    after: JSON = None


class Detail(Struct, frozen=True, kw_only=True):
    """What was done, as PostHog's activity log has it. `name` is the person's uuid."""

    changes: list[Change] | None = None
    trigger: None = None
    name: str | None = None
    short_id: None = None
    type: None = None


def as_posthog(row: Activity) -> Detail:
    """Return what was done through the API, as PostHog tells it: without values."""
    name = str(row.person_id)
    match row.name:
        case "updated":
            return Detail(changes=[Change(action="changed", field="properties")])
        case "delete_property":
            return Detail(name=name, changes=[Change(action="changed")])
        case "split_person":
            return Detail(name=name, changes=[_split(row)])
        case _:
            return Detail(name=name)


def with_values(row: Activity) -> Detail:
    """Return what was done by anything, with the values before and after."""
    changes = [] if row.event is None else list(_changes(row, row.event))
    return Detail(name=str(row.person_id), changes=changes or None)


_ACTIONS: dict[type[PersonEvent], str] = {
    PersonCreated: "created",
    Identified: "identified",
    DistinctIdAdded: "attached",
    Merged: "merged",
    MergedInto: "merged",
    Unmerged: "unmerged",
    Deleted: "deleted",
    Undeleted: "undeleted",
}
"""What happens to a person as a whole, and to its distinct ids."""

_FACTS = ("source", "target", "other", "added", "distinct_ids")


def _changes(row: Activity, event: PersonEvent) -> Iterator[Change]:
    if action := _ACTIONS.get(type(event)):
        facts = {name: getattr(event, name, None) for name in _FACTS}
        after = {name: fact for name, fact in facts.items() if fact is not None}
        yield Change(action=action, after=after or None)
    if isinstance(event, Split):
        yield _split(row)
    if isinstance(event, PropertyBackfilled):
        for key, value in event.backfilled.items():
            yield Change(action="backfilled", field=key, after=value)
    for each in history.changes(event):
        yield Change(
            action=_action(each),
            field=each["key"],
            before=each.get("before"),
            after=each.get("after"),
        )


def _split(row: Activity) -> Change:
    after = {"distinct_ids": row.distinct_ids}
    if isinstance(row.event, Split) and row.event.are_named:
        after["distinct_ids_to_split"] = list(row.event.distinct_ids)
    return Change(action="split", after=after)


def _action(change: dict[str, JSON]) -> str:
    """Return PostHog's word: a value that is new is created, one that is gone is deleted."""
    if "before" not in change:
        return "created"
    return "changed" if "after" in change else "deleted"
