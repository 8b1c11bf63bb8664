"""The timeline of a person: a lane a property, a bar a value, and how it was at any moment."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Literal

from msgspec import Struct
from msgspec.structs import replace

from api import places
from api.auth import READ
from api.calls import Call
from api.paging import Offset
from api.places import PlaceText
from api.requests import Nothing
from api.web.happenings import WORDS
from api.web.keys import by_name
from api.web.pages import Page
from api.web.person_header import Header, header
from api.web.swimlane_bars import Drawn, DrawnMark, drawn, marks
from api.web.time_axis import LEAST, Axis
from api.web.timeline_table import Row, rows
from api.web.values import Value
from domain.person import Person
from projections.swimlanes import Lanes, Span, swimlanes

LANES = 12  # on a page
ROWS = 100  # of the table, on a page
MOST_THEN = 100  # properties that are shown beside the lanes


class TimelineQuery(Struct, frozen=True, kw_only=True, rename={"begin": "from", "end": "to"}):
    """Which lanes and which stretch of time; the person at which moment. "" for all, and now."""

    q: str = ""
    begin: str = ""
    end: str = ""
    moment: str = ""
    look: Literal["picture", "table"] = "picture"
    offset: Offset = 0
    as_of: PlaceText = ""


class Then(Struct, frozen=True, kw_only=True):
    """The person at a moment, at `x` of the axis. `person` is None where it did not live.

    `is_new` are the properties that had become what they were by the change right before.
    """

    at: datetime
    x: float
    person: Person | None
    properties: list[tuple[str, Value]]
    is_new: set[str]
    before: datetime | None
    after: datetime | None


class View(Struct, frozen=True, kw_only=True):
    """What the page shows: some of `count` lanes, or of the rows of the table."""

    person: Header
    query: TimelineQuery
    axis: Axis
    whole: Axis
    marks: list[DrawnMark]
    then: Then
    count: int = 0
    lanes: list[Drawn] = []
    rows: list[Row] = []
    words: ClassVar = WORDS

    @property
    def page(self) -> int:
        """How many of them there are on a page."""
        return LANES if self.query.look == "picture" else ROWS

    @property
    def closer(self) -> Axis:
        """The half of the time around the moment."""
        return self.axis.zoomed(0.5, self.then.at)

    @property
    def farther(self) -> Axis:
        """Twice the time around the moment."""
        return self._within(2, 0)

    @property
    def earlier(self) -> Axis:
        """The time before."""
        return self._within(1, -0.5)

    @property
    def later(self) -> Axis:
        """The time after."""
        return self._within(1, 0.5)

    def _within(self, factor: float, share: float) -> Axis:
        try:
            changed = self.axis.zoomed(factor, self.then.at).moved(share)
        except OverflowError:  # there is no time before the first year
            return self.whole
        return changed.within(self.whole)


async def show(call: Call[TimelineQuery, Nothing]) -> View:
    """GET /persons/:id/timeline: how a person came to be what it is."""
    person = await header(call)
    place = places.parse(person.place, call.at, "as_of") if person.place else None
    asked = call.query
    latest = place if isinstance(place, datetime) else call.at
    moment = places.time(asked.moment, "moment") if asked.moment else latest
    lanes = await call.read(swimlanes, person.uuid, moment, place)
    whole = _whole(lanes, latest)
    axis = _axis(asked, whole)
    found = _found(lanes.spans, asked.q.casefold())
    view = View(
        person=person,
        query=asked,
        axis=axis,
        whole=whole,
        marks=marks(lanes, axis),
        then=_then(lanes, moment, axis, asked.q.casefold()),
    )
    if asked.look == "picture":
        shown = found[asked.offset : asked.offset + LANES]
        drawn_lanes = [drawn(key, lanes.spans[key], axis, latest) for key in shown]
        return replace(view, count=len(found), lanes=drawn_lanes)
    table = rows({key: lanes.spans[key] for key in found}, lanes.marks, axis)
    return replace(view, count=len(table), rows=table[asked.offset : asked.offset + ROWS])


def _whole(lanes: Lanes, latest: datetime) -> Axis:
    begin, end = min([*lanes.times[:1], latest]), max([*lanes.times[-1:], latest])
    return Axis(min(begin, end - LEAST), end)


def _axis(asked: TimelineQuery, whole: Axis) -> Axis:
    begin = places.time(asked.begin, "from") if asked.begin else whole.begin
    end = places.time(asked.end, "to") if asked.end else whole.end
    return Axis(begin, end) if end - begin >= LEAST else whole


def _found(keys: Iterable[str], text: str) -> list[str]:
    return sorted((key for key in keys if text in key.casefold()), key=by_name)


def _then(lanes: Lanes, moment: datetime, axis: Axis, text: str) -> Then:
    index = bisect_right(lanes.times, moment)
    before = lanes.times[: bisect_left(lanes.times, moment)]
    newest = lanes.times[index - 1] if index else None
    properties = lanes.then.properties if lanes.then else {}
    found = _found(properties, text)[:MOST_THEN]
    return Then(
        at=moment,
        x=min(max(axis.x(moment), 0.0), 100.0),
        person=lanes.then,
        properties=[(key, Value(properties[key])) for key in found],
        is_new={key for key in found if _since(lanes.spans[key], moment) == newest},
        before=before[-1] if before else None,
        after=lanes.times[index] if index < len(lanes.times) else None,
    )


def _since(spans: list[Span], moment: datetime) -> datetime | None:
    """Return since when a property has had the value that it has at a moment."""
    index = bisect_right(spans, moment, key=lambda span: span.begin)
    return spans[index - 1].begin if index else None


PAGES = [
    Page("/persons/{id}/timeline", show, READ, template="person_timeline.html"),
]
