"""What differs between two positions of the log: for one person, or for all of a project."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, func, select

from domain.person import Person
from domain.values import Properties, same
from storage.log import RECORDED, unindexed_position
from storage.mapper import logged_event
from storage.schema import events

PAGE = 100  # persons whose streams are read with one query
READ_AT_ONCE = 1_000  # events

Kind: TypeAlias = Literal["created", "changed", "deleted", "merged", "restored"]


class Span(NamedTuple):
    """From one position to another, both included as states: the events behind `start` to `end`."""

    start: int
    end: int


class Difference(NamedTuple):
    """What a person gained, has otherwise and lost. Who does not live has nothing.

    `changed` has what was before, and after. `kind` says what it came to; None for a person that
    lived at neither end.
    """

    person_id: UUID
    kind: Kind | None
    added: Properties
    changed: dict[str, tuple[Any, Any]]
    removed: Properties
    gained: list[str]
    lost: list[str]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing that could be told differs."""
        is_same = not (self.added or self.changed or self.removed or self.gained or self.lost)
        return self.kind is None or (is_same and self.kind == "changed")

    @property
    def keys(self) -> set[str]:
        """The properties that differ."""
        return {*self.added, *self.changed, *self.removed}


def of_person(connection: Connection, project_id: int, person_id: UUID, span: Span) -> Difference:
    """Return what differs for one person."""
    for each in _differences(connection, project_id, [person_id], span):
        return each
    return _difference(Person(person_id), _Had(False, False, {}, []))


def of_project(
    connection: Connection, project_id: int, span: Span, *, after: int
) -> Iterator[tuple[int, Difference]]:
    """Yield who differs, in the order of their first events in the span, with their positions.

    Only those whose first such event is behind `after`. Some persons are held at a time.
    """
    while first := _first(connection, project_id, span, max(after, span.start)):
        found = _differences(connection, project_id, list(first), span)
        differing = [(first[each.person_id], each) for each in found if not each.is_empty]
        yield from sorted(differing, key=lambda each: each[0])
        after = max(first.values())


def _first(connection: Connection, project_id: int, span: Span, after: int) -> dict[UUID, int]:
    """Return the next persons to whom something happened in a span, by their first positions."""
    before = events.alias("before")
    # What stands before an event in its stream, or 0 before the birth: an index leads there.
    preceding = (
        select(before.c.position)
        .where(
            before.c.project_id == events.c.project_id,
            before.c.person_id == events.c.person_id,
            before.c.version == events.c.version - 1,
        )
        .scalar_subquery()
    )
    query = (
        select(events.c.person_id, events.c.position)
        .where(
            events.c.project_id == project_id,
            events.c.position > after,
            events.c.position <= span.end,
            func.coalesce(preceding, 0) <= span.start,
        )
        .order_by(events.c.position)
        .limit(PAGE)
    )
    return {person_id: position for person_id, position in connection.execute(query)}


class _Had(NamedTuple):
    was_born: bool
    is_living: bool
    properties: Properties
    distinct_ids: list[str]


def _differences(
    connection: Connection, project_id: int, person_ids: Sequence[UUID], span: Span
) -> Iterator[Difference]:
    query = (
        RECORDED.where(
            events.c.project_id == project_id,
            events.c.person_id.in_(person_ids),
            unindexed_position <= span.end,
        )
        .order_by(events.c.person_id, events.c.version)
        .execution_options(yield_per=READ_AT_ONCE)
    )
    with connection.execute(query) as rows:
        for person_id, stream in groupby(rows, key=lambda row: row.person_id):
            yield _folded(Person(person_id), stream, span.start)


def _folded(person: Person, stream: Iterable[Any], start: int) -> Difference:
    before: _Had | None = None
    for row in stream:
        if before is None and row.position > start:
            before = _had(person)
        person.apply(logged_event(row).event)
    return _difference(person, before or _had(person))


def _had(person: Person) -> _Had:
    if not person.is_living:
        return _Had(person.version > 0, False, {}, [])
    return _Had(True, True, dict(person.properties), list(person.distinct_ids))


def _difference(person: Person, before: _Had) -> Difference:
    after = _had(person)
    had, has = before.properties, after.properties
    return Difference(
        person.id,
        _kind(person, before),
        added={key: has[key] for key in has if key not in had},
        changed={
            key: (had[key], has[key]) for key in has if key in had and not same(had[key], has[key])
        },
        removed={key: had[key] for key in had if key not in has},
        gained=_without(after.distinct_ids, before.distinct_ids),
        lost=_without(before.distinct_ids, after.distinct_ids),
    )


def _kind(person: Person, before: _Had) -> Kind | None:
    if person.is_living:
        if before.is_living:
            return "changed"
        return "restored" if before.was_born else "created"
    if not before.is_living:
        return None
    return "merged" if person.merged_into else "deleted"


def _without(these: Iterable[str], those: Iterable[str]) -> list[str]:
    others = {*those}
    return [each for each in these if each not in others]
