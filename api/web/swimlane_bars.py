"""What is drawn of a lane: a bar a value. However much happened, few enough to look at."""

from collections.abc import Iterable, Iterator
from datetime import datetime
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
    seen = list(_seen(spans, axis, end))
    tones: dict[bytes, int] = {}
    first_tone = crc32(key.encode())
    singles = []
    for span, begin, till in seen:
        tone = (first_tone + tones.setdefault(encode(span.value), len(tones))) % TONES
        width = max(till - begin, LEAST)
        singles.append(Bar(begin, width, tone, 1, Value(span.value), span.begin, span.end))
    last = Value(seen[-1][0].value) if seen else None
    return Drawn(key, list(_together(singles)), len(singles), last)


def _seen(spans: Iterable[Span], axis: Axis, end: datetime) -> Iterator[tuple[Span, float, float]]:
    for span in spans:
        clipped = axis.clipped(span.begin, span.end or max(end, span.begin))
        if clipped:
            yield span, *clipped


def _together(bars: Iterable[Bar]) -> Iterator[Bar]:
    """Yield the bars, those of narrow neighbours as one."""
    heap: Bar | None = None
    for bar in bars:
        if heap and bar.width < NARROW and bar.x - heap.x < NARROW:
            heap = heap._replace(
                width=max(bar.x + bar.width - heap.x, heap.width),
                values=heap.values + 1,
                value=None,
                end=bar.end,
            )
            continue
        if heap:
            yield heap
        heap = bar if bar.width < NARROW else None
        if heap is None:
            yield bar
    if heap:
        yield heap


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
