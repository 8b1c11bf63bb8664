"""What is drawn of a lane: a bar a value. However much happened, few enough to look at."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zlib import crc32

from api.web.time_axis import Axis
from api.web.values import Value
from domain.values import encode
from projections.swimlanes import Lanes, Mark, Span

NARROW = 0.5  # percent of the axis: what is narrower is drawn together with its neighbours
LEAST = 0.25  # percent, that a bar is wide
ROOM = 4.0  # percent, that a bar needs for its label
TONES = 8


class Bar(NamedTuple):
    """A bar, at `x`, in percent. `value` is None for one that stands for several `values`.

    Bars of one `tone` in a lane have the same value.
    """

    x: float
    width: float
    tone: int
    values: int
    value: Value | None
    begin: datetime
    end: datetime | None

    @property
    def label(self) -> str:
        """What is written in it; "" where there is no room."""
        return self.value.short[:60] if self.value and self.width >= ROOM else ""


class Drawn(NamedTuple):
    """A lane: its property, its bars, and how many values it has on the whole axis."""

    key: str
    bars: list[Bar]
    values: int
    last: Value | None


class DrawnMark(NamedTuple):
    """A mark at `x`, in percent; `marks` of them, of which `mark` is the first."""

    x: float
    mark: Mark
    marks: int

    @property
    def type(self) -> str:
        """The type of the event."""
        return type(self.mark.event).__name__


def drawn(key: str, spans: list[Span], axis: Axis, end: datetime) -> Drawn:
    """Return what is drawn of a lane; what still is ends at `end`."""
    seen = _seen(spans, axis)
    tones: dict[bytes, int] = {}
    first_tone = crc32(key.encode())
    bars = []
    for run in _runs(seen, (axis.end - axis.begin) * (NARROW / 100), end):
        x, till = axis.clipped(run.span.begin, run.end)
        value = None if run.values > 1 else Value(run.span.value)
        tone = first_tone
        if value:
            tone += tones.setdefault(encode(value.json), len(tones))
        width = max(till - x, LEAST)
        begin, ends = run.span.begin, run.span.end if value else run.end
        bars.append(Bar(x, width, tone % TONES, run.values, value, begin, ends))
    return Drawn(key, bars, len(seen), Value(seen[-1].value) if seen else None)


class _Run(NamedTuple):
    """Values that are drawn as one bar, from the begin of the first, `span`, to `end`."""

    span: Span
    end: datetime
    values: int


def _seen(spans: list[Span], axis: Axis) -> list[Span]:
    """Return the spans that reach into the time of the axis."""
    first = max(bisect_right(spans, axis.begin, key=_begin) - 1, 0)
    found = spans[first : bisect_right(spans, axis.end, key=_begin)]
    is_over = bool(found) and found[0].end is not None and found[0].end < axis.begin
    return found[1:] if is_over else found


def _begin(span: Span) -> datetime:
    return span.begin


def _runs(spans: list[Span], narrow: timedelta, now: datetime) -> Iterator[_Run]:
    """Yield the spans, narrow neighbours as one. There may be very many, so this compares times
    alone."""
    first: Span | None = None
    first_begin = until = now
    values = 0
    for span in spans:
        _, begin, end = span
        end = end or max(now, begin)
        is_narrow = end - begin < narrow
        if first and is_narrow and begin - first_begin < narrow:
            until, values = end, values + 1
            continue
        if first:
            yield _Run(first, until, values)
        first, first_begin, until, values = span, begin, end, 1
        if not is_narrow:
            yield _Run(span, end, 1)
            first = None
    if first:
        yield _Run(first, until, values)


def marks(lanes: Lanes, axis: Axis) -> list[DrawnMark]:
    """Return the marks to draw, those of one place as one."""
    found: list[DrawnMark] = []
    for mark in lanes.marks:
        if not axis.has(mark.at):
            continue
        x = axis.x(mark.at)
        if found and x - found[-1].x < NARROW * 2:
            found[-1] = found[-1]._replace(marks=found[-1].marks + 1)
        else:
            found.append(DrawnMark(x, mark, 1))
    return found
