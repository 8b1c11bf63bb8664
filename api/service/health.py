"""Whether the service lives, and whether it is ready for requests."""

import asyncio
from contextlib import suppress

from msgspec import Struct
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.public import Public, Said, Told
from projections.rebuilding.shapes import is_current
from storage.errors import StoreError
from storage.migrate import REVISIONS, revision

TIMEOUT = 2  # seconds, after which a database that says nothing counts as one that is not there


class Alive(Struct, frozen=True):
    """The process answers."""

    http: bool


class Checks(Struct, frozen=True):
    """What was looked at, and whether it is right."""

    http: bool
    database: bool
    migrations: bool
    projections: bool


class ReadyQuery(Struct, frozen=True):
    """Which checks count for nothing."""

    exclude: list[str] = []


async def live(request: Request) -> Response:
    """GET /_livez: the process answers; nothing else is looked at."""
    return JSONResponse({"http": True})


async def ready(request: Request) -> Response:
    """GET /_readyz: 200 if the service can do its work, else 503; `?exclude=` leaves checks out.

    `http` is false as soon as the service was asked to stop, while it still answers.
    """
    is_open = not request.app.state.stopping.is_set()
    checks = {"http": is_open, "database": False, "migrations": False, "projections": False}
    with suppress(StoreError, TimeoutError):
        async with asyncio.timeout(TIMEOUT):
            checks |= await request.app.state.store.read(_database)
    excluded = request.query_params.getlist("exclude")
    is_ready = all(passed for name, passed in checks.items() if name not in excluded)
    return JSONResponse(checks, status_code=200 if is_ready else 503)


def _database(connection: Connection) -> dict[str, bool]:
    connection.execute(select(1))
    return {
        "database": True,
        "migrations": revision(connection) == REVISIONS[-1],
        "projections": is_current(connection),
    }


_LIVE = Told(tag="health", answers={200: Said("It lives.", [Alive])})
_READY = Told(
    tag="health",
    query=ReadyQuery,
    answers={200: Said("It is ready.", [Checks]), 503: Said("It is not.", [Checks])},
)

PUBLIC = [
    Public("/_livez", "livez", live, _LIVE),
    Public("/_readyz", "readyz", ready, _READY),
    Public("/_health", "health", ready, _READY),
]
