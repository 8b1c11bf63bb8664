"""Routes that ask for no API key: one declaration each makes the route and writes the document."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.requests import Nothing

Endpoint = Callable[[Request], Awaitable[Response]]
Shapes = Sequence[Any]
"""Types of which a body has one."""

JSON = "application/json"
TEXT = "text/plain"


class Said(NamedTuple):
    """An answer: what it means, and the types that it may have; none for an empty body."""

    description: str
    shapes: Shapes = ()
    media: str = JSON


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the document tells of a route: `body` by media type, `answers` by status.

    `headers` are those that must be there. `token`: it asks for a project's token as a bearer's.
    """

    tag: str
    answers: Mapping[int, Said]
    query: type[Struct] = Nothing
    headers: Sequence[str] = ()
    body: Mapping[str, Shapes] = field(default_factory=dict)
    has_token: bool = False
    is_body_needed: bool = True


class Public(NamedTuple):
    """A route, for some methods; it stands with and without its last slash."""

    path: str
    id: str
    endpoint: Endpoint
    told: Told
    methods: tuple[str, ...] = ("GET",)


def routes(public: Iterable[Public], *, and_options: bool = False) -> Iterator[Route]:
    """Yield the routes, for OPTIONS as well if their endpoints answer that."""
    for each in public:
        methods = [*each.methods, *(["OPTIONS"] if and_options else [])]
        for slash in ("", "/"):
            yield Route(each.path + slash, each.endpoint, methods=methods)
