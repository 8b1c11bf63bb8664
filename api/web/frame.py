"""The frame of a page: what is around its own content, and the addresses that it leads to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode

from msgspec import Struct
from starlette.requests import Request

from api import places
from api.errors import ApiError
from storage.access import Access
from storage.places import Place

_EARLIER = [
    ("an hour ago", timedelta(hours=1)),
    ("a day ago", timedelta(days=1)),
    ("a week ago", timedelta(weeks=1)),
    ("a month ago", timedelta(days=30)),
]

Asked: TypeAlias = str | int | Sequence[str] | None
"""The value of a query parameter, or several; None and "" for none."""


class Frame(Struct, kw_only=True):
    """What all templates know of their request.

    `access` is None for who has not signed in. `is_of_the_past`: the page can answer `as_of`.
    """

    request: Request
    at: datetime
    access: Access | None = None
    is_of_the_past: bool = False

    @property
    def path(self) -> str:
        """The path of the page."""
        return str(self.request.scope["path"])

    @property
    def as_of(self) -> str:
        """What the address says that the page is as of; "" for now."""
        return self.request.query_params.get("as_of", "") if self.is_of_the_past else ""

    @property
    def place(self) -> Place | None:
        """The position or the time that the page is as of; None for now, and for none that is."""
        try:
            return places.parse(self.as_of, self.at, "as_of") if self.as_of else None
        except ApiError:
            return None

    @property
    def latest(self) -> str:
        """The time that the page was made, as a field takes it."""
        return _field(self.at)

    @property
    def picked(self) -> str:
        """The time that the page is as of, as a field takes it."""
        return _field(self.place) if isinstance(self.place, datetime) else self.latest

    @property
    def earlier(self) -> list[tuple[str, str]]:
        """Times one may want to look at: what they are called, and how an address says them."""
        return [(label, f"{_field(self.at - distance)}Z") for label, distance in _EARLIER]

    def url(self, path: str, **query: Asked) -> str:
        """Return the address of another page, as of the same time."""
        return _address(path, [*_pairs({"as_of": self.as_of}), *_pairs(query)])

    def here(self, **changed: Asked) -> str:
        """Return the address of this page with these query parameters; None takes one out."""
        return self.there(self.path, **changed)

    def there(self, path: str, **changed: Asked) -> str:
        """Return the address of another page with the query parameters of this one."""
        return _address(path, [*self.query(*changed), *_pairs(changed)])

    def query(self, *without: str) -> list[tuple[str, str]]:
        """Return the query parameters of this page but for some: hidden fields of a form."""
        text = self.request.scope["query_string"].decode("utf-8", "replace")
        return [pair for pair in parse_qsl(text, keep_blank_values=True) if pair[0] not in without]


def _field(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def _pairs(query: dict[str, Asked]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if isinstance(value, str | int):
            pairs += [(name, str(value))] if value != "" else []
        else:
            pairs += [(name, each) for each in value or []]
    return pairs


def _address(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
