"""When a captured event happened: what the sender's clock says, and how far that clock is off.

All times are aware and in UTC. Nothing here raises, whatever it is given.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from dateutil import parser

from domain.values import JSON

ZERO = timedelta()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_SENT_AT = datetime(2021, 1, 1, tzinfo=UTC)  # before it, seconds were meant
_MAX_AHEAD = timedelta(hours=23)
_MAX_LENGTH = 80  # characters of a time worth a look

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_SINCE_EPOCH = re.compile(r"\d{10}(?:\d{3}|\d{6}|\d{9}|\.\d*)?", re.ASCII)
_YEAR_BELOW_0 = re.compile(r"-\d{4,}-\d\d-\d\d", re.ASCII)
_JAVASCRIPT_NOISE = re.compile(r"(?:GMT|UTC)(?=[+-]\d)|\([^()]*\)$")
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}

# What a text leaves out is taken from these; where the two answers differ, the day is missing.
_DEFAULTS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # noqa: DTZ001 - the text has the zone


def event_time(
    text: str | None, *, skew: timedelta, now: datetime, offset: int | None = None
) -> datetime:
    """Return when an event happened, by our own clock.

    `skew` is how far the sender's clock is ahead of ours. `offset` in milliseconds before `now`
    wins over `text`. What says nothing, or lies more than 23 hours ahead, happened now.
    """
    if offset is not None:
        return put_right(now, skew=_milliseconds(offset), now=now)
    moment = None if text is None else parse(text)
    return now if moment is None else put_right(moment, skew=skew, now=now)


def put_right(moment: datetime, *, skew: timedelta, now: datetime) -> datetime:
    """Return a sender's moment by our own clock: `skew` earlier, and not far ahead of `now`."""
    try:
        right = moment - skew
    except OverflowError:
        return _EPOCH if skew > ZERO else now
    return now if right - now > _MAX_AHEAD else right


def sent_at(value: JSON, query: Mapping[str, str]) -> datetime | None:
    """Return when a request was sent, by its body or else its query; None if neither says."""
    if isinstance(value, str) and (parsed := parse(value)) is not None:
        return parsed
    text = query.get("sent_at") or query.get("_") or ""
    if not (text.isascii() and text.isdigit()):
        return None
    try:
        moment = _EPOCH + timedelta(milliseconds=int(text))
    except (OverflowError, ValueError):
        return None
    return moment if moment >= _FIRST_SENT_AT else None


def parse(text: str) -> datetime | None:
    """Return the moment that a text means, read liberally; None if it means none.

    A time without a zone is in UTC.
    """
    # fromisoformat also reads basic forms, and so takes some numbers for dates.
    if text[4:5] == "-":
        try:
            return _in_utc(datetime.fromisoformat(text))
        except ValueError:
            pass
    return _parse_slowly(text.strip()) if len(text) <= _MAX_LENGTH else None


def parse_rfc3339(text: JSON) -> datetime | None:
    """Return the moment that an RFC 3339 text means; None for anything else."""
    if not isinstance(text, str) or not _RFC3339.fullmatch(text):
        return None
    try:
        return _in_utc(datetime.fromisoformat(text.upper()))
    except ValueError:
        return None


def _parse_slowly(text: str) -> datetime | None:
    if _SINCE_EPOCH.fullmatch(text):
        microseconds = text.replace(".", "")[:16].ljust(16, "0")
        return _EPOCH + timedelta(microseconds=int(microseconds))
    if _YEAR_BELOW_0.match(text):
        return _EPOCH
    text = _JAVASCRIPT_NOISE.sub("", text)
    try:
        one, other = (parser.parse(text, default=default, tzinfos=_zone) for default in _DEFAULTS)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    return _in_utc(one) if one == other else None


def _zone(name: str | None, seconds: int | None) -> tzinfo | None:
    if seconds is None:
        return timezone(timedelta(hours=_ZONES.get((name or "").upper(), 0)))
    return timezone(timedelta(seconds=seconds))


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # In the first and last hours that a datetime knows, a zone no longer matters.
        return moment.replace(tzinfo=UTC)


def _milliseconds(count: int) -> timedelta:
    try:
        return timedelta(milliseconds=count)
    except OverflowError:
        return timedelta.max if count > 0 else timedelta.min
