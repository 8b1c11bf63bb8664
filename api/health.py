"""Whether the service lives, and whether it is ready for requests."""

import asyncio
from contextlib import suppress

from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from projections.rebuild import is_current
from storage.errors import StoreError
from storage.migrate import REVISIONS, revision

TIMEOUT = 2  # seconds, after which a database that says nothing counts as one that is not there

WELCOME = """The persons store is running.

POST events as PostHog's SDKs do, to /batch/, /capture/ or /e/.
Read persons at /api/projects/@current/persons.
The document of all operations: /api/schema/swagger-ui/
"""


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


async def welcome(request: Request) -> Response:
    """GET /: what is here."""
    return PlainTextResponse(WELCOME)


def _both(path: str, endpoint: object) -> list[Route]:
    return [Route(path, endpoint), Route(f"{path}/", endpoint)]  # type: ignore[arg-type]


ROUTES = [
    Route("/", welcome),
    *_both("/_livez", live),
    *_both("/_readyz", ready),
    *_both("/_health", ready),
]
