"""Times as people read them: how long ago, with the exact one on hover."""

from datetime import UTC, datetime, timedelta

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

_UNITS = [
    ("year", timedelta(days=365)),
    ("month", timedelta(days=30)),
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
]
_TIME = Markup('<time datetime="{}" title="{}">{}</time>')


@pass_context
def time(context: Context, at: datetime) -> Markup:
    """Return a time as an element: how long ago it was when the page was made."""
    return _TIME.format(iso(at), exact(at), ago(at, context["frame"].at))


def iso(at: datetime) -> str:
    """Return a time in ISO 8601, with a `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def exact(at: datetime) -> str:
    """Return a time to the millisecond, or to the second where it is a whole one."""
    at = at.astimezone(UTC)
    text = f"{at.day} {at:%b %Y, %H:%M:%S}"
    return f"{text}.{at.microsecond // 1000:03} UTC" if at.microsecond else f"{text} UTC"


def day(at: datetime) -> str:
    """Return the day of a time."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y}"


def ago(at: datetime, now: datetime) -> str:
    """Return how far a time is from now, in its largest unit."""
    distance = abs(now - at)
    for name, length in _UNITS:
        if count := distance // length:
            text = f"{count} {name}{'s' if count > 1 else ''}"
            return f"{text} ago" if at < now else f"in {text}"
    return "just now"
