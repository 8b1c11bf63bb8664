"""What a request for a properties timeline asks for: a whole life, or an insight and its window.

Source: PostHog's rules for the dates of an insight. The project's time zone is UTC.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from dateutil.relativedelta import SA, SU, relativedelta

from api.capture import timestamps
from api.persons.timeline_filters import crucial_keys, event_names
from domain.errors import InvalidParameterError
from domain.values import clean
from projections.moments import UNITS
from projections.timeline import Insight, WholeLife

OF_INSIGHTS = frozenset({"events", "actions", "properties", "breakdown"})
"""The parameters of which any one, even empty, asks for an insight."""

NOT_TIME_SERIES = frozenset(
    "ActionsTable ActionsPie ActionsBarValue WorldMap BoldNumber CalendarHeatmap".split()
)
"""Displays of an insight that do not show how it goes on over time."""

_ALL = "all"
_BOOLEANS = {"": False, "false": False, "0": False, "true": True, "1": True}
_INTERVALS = {"": "day", "minute": "hour"} | {each: each for each in "hour day week month".split()}

_HOUR_STARTS = relativedelta(minute=0, second=0, microsecond=0)
_HOUR_ENDS = relativedelta(minute=59, second=59, microsecond=999_999)
_DAY_STARTS = relativedelta(hour=0) + _HOUR_STARTS
_DAY_ENDS = relativedelta(hour=23) + _HOUR_ENDS
_WEEK_STARTS = relativedelta(weekday=SU(-1)) + _DAY_STARTS
_MONTH_STARTS = relativedelta(day=1) + _DAY_STARTS

_STARTS = {"hour": _HOUR_STARTS, "day": _DAY_STARTS, "week": _WEEK_STARTS, "month": _MONTH_STARTS}
_POINT_ENDS = {
    "hour": relativedelta(hours=1),
    "day": _DAY_ENDS,
    "week": relativedelta(days=7 - 1) + _DAY_STARTS,
    "month": relativedelta(months=1, days=-1) + _DAY_STARTS,
}
_LONG = {"hour": timedelta(hours=2), "day": timedelta(days=2)}

_RELATIVE = re.compile(r"-?(?P<count>\d{1,6})?(?P<unit>[hdwmqyMs])(?P<edge>Start|End)?", re.ASCII)
_EDGES = {
    "hStart": _HOUR_STARTS,
    "hEnd": _HOUR_ENDS,
    "dStart": _DAY_STARTS,
    "dEnd": _DAY_ENDS,
    "wStart": _WEEK_STARTS,
    "wEnd": relativedelta(weekday=SA(+1)) + _DAY_ENDS,
    "mStart": _MONTH_STARTS,
    "mEnd": relativedelta(day=31) + _DAY_ENDS,
    "yStart": relativedelta(month=1, day=1) + _DAY_STARTS,
    "yEnd": relativedelta(month=12, day=31) + _DAY_ENDS,
}


def parse(parameters: Mapping[str, Sequence[str]], now: datetime) -> Insight | WholeLife:
    """Return what the parameters of a query ask for; of one that comes twice, the last counts.

    Raises:
        InvalidParameterError: a parameter cannot be read.
    """
    if OF_INSIGHTS.isdisjoint(parameters):
        return WholeLife(tuple(sorted({clean(key) for key in parameters.get("key", ()) if key})))
    given = {name: values[-1] for name, values in parameters.items() if values}
    interval = _interval(given)
    date_from, date_to = _window(given, interval, now)
    return Insight(
        events=event_names(given),
        keys=crucial_keys(given),
        date_from=date_from,
        date_to=date_to,
        since=_since(date_from, date_to, interval),
        until=date_to.replace(microsecond=0),
    )


def _window(
    given: Mapping[str, str], interval: str, now: datetime
) -> tuple[datetime | None, datetime]:
    """Return the window as it is shown; its beginning is None for `all`."""
    from_text, to_text = given.get("date_from"), given.get("date_to", "")
    week_ago = now + _DAY_STARTS - timedelta(days=7)
    date_from = week_ago if from_text is None else _moment(from_text, now, "date_from")
    if _is_one_point(given):
        # Two empty dates are equal too, and their window ends before it begins, as in PostHog.
        start = date_from if from_text and date_from else week_ago
        date_to, to_text, is_open = _moved(start, _POINT_ENDS[interval], "date_to"), "", False
    else:
        date_to = _moment(to_text, now, "date_to") or now
        is_open = to_text in ("", _ALL) or _RELATIVE.fullmatch(to_text) is not None
    if _boolean(given, "explicit_date"):
        return date_from, date_to
    if date_from and not _is_hourly(from_text or "", interval, rough="d"):
        date_from += _DAY_STARTS
    if not _is_hourly(to_text, interval):
        date_to += _DAY_ENDS
    elif is_open:
        date_to += _HOUR_ENDS
    return date_from, date_to


def _is_one_point(given: Mapping[str, str]) -> bool:
    """Tell whether the window is one interval: that of a point on a line over time."""
    date_from = given.get("date_from")
    return (
        date_from not in (None, _ALL)
        and date_from == given.get("date_to")
        and given.get("display") not in NOT_TIME_SERIES
    )


def _is_hourly(text: str, interval: str, *, rough: str | None = None) -> bool:
    """Tell whether a date is meant to the hour; hours do not count with `rough` in its text."""
    if interval == "hour":
        return rough is None or rough not in text
    return "h" in text


def _moment(text: str, now: datetime, attr: str) -> datetime | None:
    """Return the moment that a date means: now, if it is empty; None for `all`."""
    if text in ("", _ALL):
        return None if text else now
    if not (relative := _RELATIVE.fullmatch(text)):
        if parsed := timestamps.parse(text):
            return parsed
        raise InvalidParameterError(f"{text!r} is not a date.", attr)
    count, unit, edge = relative["count"], relative["unit"], relative["edge"]
    moment = _moved(now, UNITS[unit] * -int(count or 0), attr)
    if not edge:
        return moment
    if unit + edge not in _EDGES:
        raise InvalidParameterError(f"{text!r} is not a date.", attr)
    return _moved(moment, _EDGES[unit + edge], attr)


def _since(date_from: datetime | None, date_to: datetime, interval: str) -> datetime | None:
    """Return from when on events are looked at: in a long window, from the start of an interval."""
    if date_from is None:
        return None
    if interval not in _LONG or date_to - date_from >= _LONG[interval]:
        date_from = _moved(date_from, _STARTS[interval], "date_from")
    return date_from.replace(microsecond=0)


def _moved(moment: datetime, delta: relativedelta, attr: str) -> datetime:
    try:
        return moment + delta
    except (OverflowError, ValueError):
        raise InvalidParameterError("The date is out of range.", attr) from None


def _interval(given: Mapping[str, str]) -> str:
    text = given.get("interval", "").lower()
    if text not in _INTERVALS:
        raise InvalidParameterError(f"{text!r} is not a valid choice.", "interval")
    return _INTERVALS[text]


def _boolean(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "").lower()
    if text not in _BOOLEANS:
        raise InvalidParameterError("Must be a valid boolean.", name)
    return _BOOLEANS[text]
