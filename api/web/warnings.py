"""Ingestion warnings: what was wrong with captured events, by its kind, and how often."""

from datetime import date, datetime, timedelta

import msgspec
from msgspec import Struct

from api.auth import READ
from api.calls import Call
from api.persons.ingestion_warnings import WINDOW, WarningSummary, list_warnings
from api.requests import Nothing
from api.web.pages import Page, asked
from api.web.values import Value
from domain.values import Properties

NEWEST = 25  # warnings of a kind that are shown

WORDS = {
    "cannot_merge_already_identified": "An identified person was not merged away",
    "cannot_merge_with_illegal_distinct_id": "A distinct id that cannot be anybody's",
    "person_properties_size_violation": "A person has grown too large",
    "group_key_too_long": "The key of a group is too long",
    "invalid_group_set": "$group_set is no object",
    "invalid_process_person_profile": "$process_person_profile is neither true nor false",
    "invalid_event_when_process_person_profile_is_false": "An event that needs a person came"
    " without one",
}
"""What each kind of warnings means."""


class Bar(Struct, frozen=True):
    """A day in the picture: where its bar begins, from the top, and how high it is."""

    day: date
    count: int
    height: int


class Warned(Struct, frozen=True):
    """One warning: when, and its details as text."""

    at: datetime
    details: list[tuple[str, str]]


class Kind(Struct, frozen=True, kw_only=True):
    """All warnings of a kind; `newest` are the last of them."""

    type: str
    words: str
    count: int
    last_seen: datetime
    days: list[Bar]
    newest: list[Warned]


class View(Struct, frozen=True):
    """What the page shows."""

    kinds: list[Kind]
    days: int


async def show(call: Call[Nothing, Nothing]) -> View:
    """GET /warnings: the warnings of the last days."""
    found = await asked(call, list_warnings, Nothing(), Nothing())
    return View([_kind(each, call.at.date()) for each in found.results], WINDOW.days)


def _kind(found: WarningSummary, today: date) -> Kind:
    return Kind(
        type=found.type,
        words=WORDS.get(found.type, found.type),
        count=found.count,
        last_seen=found.last_seen,
        days=list(_bars(dict(found.sparkline), today)),
        newest=[Warned(each.timestamp, _details(each.details)) for each in found.warnings[:NEWEST]],
    )


HEIGHT = 28  # of the picture


def _bars(counts: dict[date, int], today: date) -> list[Bar]:
    most = max(counts.values(), default=1)
    days = [today - timedelta(days=back) for back in reversed(range(WINDOW.days))]
    return [Bar(day, count := counts.get(day, 0), -(-count * HEIGHT // most)) for day in days]


def _details(text: msgspec.Raw) -> list[tuple[str, str]]:
    details = msgspec.json.decode(text, type=Properties)
    return [(key, Value(value).short) for key, value in details.items()]


PAGES = [Page("/warnings", show, READ, template="warnings.html")]
