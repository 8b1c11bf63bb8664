"""The axis of a timeline: what time it shows, where a moment is on it, what is written there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

LEAST = timedelta(seconds=1)  # that an axis shows
MOST_TICKS = 6

_DAY = timedelta(days=1)
_STEPS = [
    *(timedelta(seconds=each) for each in (1, 2, 5, 10, 15, 30)),
    *(timedelta(minutes=each) for each in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=each) for each in (1, 2, 3, 6, 12)),
    *(timedelta(days=each) for each in (1, 2, 4, 7, 14)),
]
_MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 2_400, 6_000, 12_000, 24_000]
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


class Tick(NamedTuple):
    """A time on the axis: where it is, in percent, and what is written there."""

    x: float
    label: str


class Axis(NamedTuple):
    """A stretch of time."""

    begin: datetime
    end: datetime

    def x(self, at: datetime) -> float:
        """Return where a time is, in percent: 0 to 100 from begin to end."""
        return (at - self.begin) / (self.end - self.begin) * 100

    def clipped(self, begin: datetime, end: datetime) -> tuple[float, float]:
        """Return from where to where a stretch is to be seen."""
        return max(self.x(begin), 0.0), min(self.x(end), 100.0)

    def has(self, at: datetime) -> bool:
        """Tell whether a time is to be seen."""
        return self.begin <= at <= self.end

    def zoomed(self, factor: float, about: datetime) -> "Axis":
        """Return the axis with so much as many times as much on it, `about` at its place."""
        if not self.has(about):
            about = self.begin + (self.end - self.begin) / 2
        length = max((self.end - self.begin) * factor, LEAST)
        begin = about - length * (self.x(about) / 100)
        return Axis(begin, begin + length)

    def within(self, whole: "Axis") -> "Axis":
        """Return what of the axis lies in another one, at least LEAST; all of that, if nothing."""
        begin, end = max(self.begin, whole.begin), min(self.end, whole.end)
        return Axis(begin, end) if end - begin >= LEAST else whole

    def moved(self, share: float) -> "Axis":
        """Return the axis moved by a share of its length."""
        step = (self.end - self.begin) * share
        return Axis(self.begin + step, self.end + step)

    def ticks(self) -> list[Tick]:
        """Return the times to write on it, at most MOST_TICKS."""
        return [Tick(self.x(at), label) for at, label in self._times()]

    def _times(self) -> Iterator[tuple[datetime, str]]:
        length = self.end - self.begin
        step = next((each for each in _STEPS if length / each <= MOST_TICKS), None)
        if step is None:
            yield from self._calendar_times()
            return
        at = _EPOCH + -((_EPOCH - self.begin) // step) * step
        if at > self.end:
            return
        yield at, _label(at, step, length)
        while self.end - at >= step:
            at += step
            yield at, _label(at, step, length)

    def _calendar_times(self) -> Iterator[tuple[datetime, str]]:
        first, last = _month(self.begin) + 1, _month(self.end)
        step = next(each for each in _MONTHS if (last - first) / each < MOST_TICKS)
        for month in range(-(-first // step) * step, last + 1, step):
            at = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
            yield at, f"{at:%Y}" if at.month == 1 else f"{at:%b %Y}"


def _month(at: datetime) -> int:
    return at.year * 12 + at.month - 1


def _label(at: datetime, step: timedelta, length: timedelta) -> str:
    if step >= _DAY:
        return f"{at.day} {at:%b}"
    if length > _DAY:
        return f"{at.day} {at:%b, %H:%M}"
    return f"{at:%H:%M:%S}" if step < timedelta(minutes=1) else f"{at:%H:%M}"
