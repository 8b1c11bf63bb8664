"""The captured events of a person: those filed under it, and under all who are a part of it now.

An event is filed under the person that it came to. Where a merge was taken back, whose it is since
is told by its distinct id.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Row,
    Text,
    any_,
    func,
    literal,
    not_,
    select,
    tuple_,
)

from domain.belongings import Stream, belongings
from domain.events import (
    EVENT_CLASSES,
    Identified,
    PropertyBackfilled,
    PropertySet,
    PropertyUnset,
)
from domain.identity import person_uuid
from domain.values import encode
from projections.lineage import LAST
from storage import streams
from storage.mapper import logged_event
from storage.schema import captured_events

# Of a stream, only what concerns distinct ids is read.
_SILENT = {each.__name__ for each in (PropertySet, PropertyBackfilled, PropertyUnset, Identified)}
_TOPICS = EVENT_CLASSES.keys() - _SILENT

FEW = 20  # uuids that are looked up one by one

_row = captured_events.c


class Filed(NamedTuple):
    """Where a person's captured events are.

    Under `persons`, but for those through distinct ids that were `given_back` with a merge; and
    under `others`, those through its own `distinct_ids`.
    """

    persons: Collection[UUID]
    given_back: Collection[str]
    others: Collection[UUID]
    distinct_ids: Collection[str]

    def conditions(self, dialect: str, *, at_most: int | None = None) -> list[ColumnElement[bool]]:
        """Return what is true of the person's captured events: each has one of these.

        Each names one uuid, so that an index leads through it in the order of times; if there
        were more than `at_most` of them, one names all.
        """
        is_own = _among_persons(self.persons, at_most)
        if self.given_back:
            is_given_back = _is_through(dialect, self.given_back)
            is_own = [each & not_(is_given_back) for each in is_own]
        if not self.others:
            return is_own
        is_through = _is_through(dialect, self.distinct_ids)
        return is_own + [each & is_through for each in _among_persons(self.others, at_most)]


class Cursor(NamedTuple):
    """The place of a captured event among a person's: by its time, then as it came in."""

    timestamp: datetime
    position: int
    rank: int
    uuid: UUID
    event: str
    distinct_id: str


class Window(NamedTuple):
    """Which of a person's captured events: those between two times, of one name; None for any.

    `behind` is the place behind which they come.
    """

    after: datetime | None = None
    before: datetime | None = None
    event: str | None = None
    behind: Cursor | None = None


def filed(connection: Connection, project_id: int, person_id: UUID) -> Filed:
    """Return where the captured events of a person are, be it one that is gone."""

    def read(each: UUID) -> Stream:
        rows = streams.woven(connection, project_id, {each: LAST}, topics=_TOPICS)
        return [logged_event(row) for row in rows]

    found = belongings(read, person_id)
    ids = found.all_ids()
    # What came before a distinct id had a person is filed under the uuid that it would have had.
    strays = {person_uuid(project_id, each) for each in ids}
    strays -= streams.existing(connection, project_id, strays) if strays else set()
    given_back = set().union(*found.given_back.values())
    return Filed([*found.streams, *strays], given_back, list(found.others), ids)


def page(
    connection: Connection, project_id: int, person_id: UUID, window: Window, *, limit: int
) -> Sequence[Row[Any]]:
    """Return the first `limit` captured events of a person in a window, newest first."""
    dialect = connection.dialect.name
    place = _place(dialect)
    where = [_row.project_id == project_id, *_within(window, place)]
    found: list[Row[Any]] = []
    parts = filed(connection, project_id, person_id)
    for condition in parts.conditions(dialect, at_most=FEW):
        query = select(captured_events).where(*where, condition)
        newest_first = query.order_by(*(each.desc() for each in place))
        found += connection.execute(newest_first.limit(limit)).all()
    return sorted(found, key=cursor_of, reverse=True)[:limit]


def cursor_of(row: Row[Any]) -> Cursor:
    """Return the place of a captured event."""
    return Cursor(*(getattr(row, name) for name in Cursor._fields))


def _within(window: Window, place: list[ColumnElement[Any]]) -> Iterator[ColumnElement[bool]]:
    if window.after:
        yield _row.timestamp > window.after
    if window.before:
        yield _row.timestamp < window.before
    if window.event is not None:
        yield _row.event == window.event
    if window.behind:
        columns = zip(window.behind, place, strict=True)
        # An index knows times alone.
        yield _row.timestamp <= window.behind.timestamp
        yield tuple_(*place) < tuple_(*(literal(each, column.type) for each, column in columns))


def _among_persons(persons: Collection[UUID], at_most: int | None) -> list[ColumnElement[bool]]:
    if at_most is not None and len(persons) > at_most:
        return [_row.person_id.in_(persons)]
    return [_row.person_id == each for each in persons]


def _place(dialect: str) -> list[ColumnElement[Any]]:
    # Texts in the order of their code points, as SQLite has them anyway: no language's.
    texts: list[ColumnElement[Any]] = [_row.event, _row.distinct_id]
    if dialect != "sqlite":
        texts = [each.collate("C") for each in texts]
    return [_row.timestamp, _row.position, _row.rank, _row.uuid, *texts]


def _is_through(dialect: str, distinct_ids: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that an event came through one of any number of distinct ids."""
    ids = sorted(distinct_ids)
    if dialect == "sqlite":
        each = func.json_each(encode(ids).decode()).table_valued("value")
        return _row.distinct_id.in_(select(each.c.value))
    return _row.distinct_id == any_(literal(ids, ARRAY(Text)))
