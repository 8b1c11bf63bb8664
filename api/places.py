"""Places of the log in a query: a position, or a time."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias

from msgspec import Meta

from api.errors import invalid
from storage.places import Place

MAX_AHEAD = timedelta(minutes=1)  # that the clock of a client may be fast
MAX_DIGITS = 18

PlaceText: TypeAlias = Annotated[
    str, Meta(description="A position of the log, or an ISO 8601 time: when it was recorded.")
]


KnownText: TypeAlias = Annotated[
    str,
    Meta(
        description="What had been recorded up to then counts, and nothing later: a position of the"
        " log, or an ISO 8601 time."
    ),
]


def parse(text: str, now: datetime, name: str) -> Place:
    """Return the position, or else the time, that a text says; `name` is the parameter's.

    A time without a zone is in UTC; a date alone is its midnight.

    Raises:
        ApiError: 400, it says neither, or a time that is yet to come.
    """
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return int(text)
    at = time(text, name)
    if at > now + MAX_AHEAD:
        raise invalid(f"{text} is yet to come.", name)
    return at


def known(text: str, now: datetime) -> Place | None:
    """Return what `as_known_at` says; None where it is not given.

    Raises:
        ApiError: see `parse`.
    """
    return parse(text, now, "as_known_at") if text else None


def time(text: str, name: str) -> datetime:
    """Return the time that an ISO 8601 text says, as `parse` reads it.

    Raises:
        ApiError: 400, it says none.
    """
    try:
        # fromisoformat also reads basic forms, and so takes some numbers for dates.
        if text[4:5] != "-":
            raise ValueError
        # In a query that is not escaped, a plus sign has become a space.
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid(f"{text!r} is neither a position nor an ISO 8601 time.", name) from None
