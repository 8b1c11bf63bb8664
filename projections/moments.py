"""Times in property filters: what a value means as a time, and which time a filter asks about."""

import re
from datetime import UTC, datetime, timedelta

from dateutil.relativedelta import relativedelta

from domain.errors import InvalidFilterError
from domain.values import JSON

_SECONDS = re.compile(r"\d{10}(?:\.\d{1,6})?", re.ASCII)  # since 1970, from 2001 to 2286
_MILLISECONDS = re.compile(r"\d{13}", re.ASCII)
_AGO = re.compile(r"-?(\d{1,4})([smhdwqyM])", re.ASCII)
UNITS = {
    "s": relativedelta(seconds=1),
    "M": relativedelta(minutes=1),
    "h": relativedelta(hours=1),
    "d": relativedelta(days=1),
    "w": relativedelta(weeks=1),
    "m": relativedelta(months=1),
    "q": relativedelta(weeks=13),
    "y": relativedelta(years=1),
}
"""PostHog's units of times that are so long ago: `M` is a minute, `m` a month."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = datetime.min.replace(tzinfo=UTC)


def moment(value: JSON) -> datetime | None:
    """Return the moment that a value means: ISO 8601, or seconds or milliseconds since 1970.

    What has no zone is in UTC; a date alone is its midnight.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    if _SECONDS.fullmatch(value):
        return _EPOCH + timedelta(seconds=float(value))
    if _MILLISECONDS.fullmatch(value):
        return _EPOCH + timedelta(milliseconds=int(value))
    # fromisoformat also reads basic forms, and so takes some numbers for dates.
    return _iso(value) if value[4:5] == "-" else None


def wanted_moment(text: str, at: datetime) -> datetime:
    """Return the moment that a filter asks about; one such as `-7d` counts back from `at`.

    The units are those of PostHog: s, M for minutes, h, d, w, m for months, q, y.

    Raises:
        InvalidFilterError: the text means no moment.
    """
    if found := _AGO.fullmatch(text):
        try:
            return at - UNITS[found[2]] * int(found[1])
        except (ValueError, OverflowError):
            return _FIRST
    wanted = moment(text)
    if wanted is None:
        detail = f"{text!r} is neither an ISO 8601 time nor one such as '-7d'."
        raise InvalidFilterError(detail, "properties")
    return wanted


def _iso(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
