"""The requests that are being answered: how many at once, and when those of now are done."""

import asyncio
from itertools import count

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import overloaded, response

POLL = 0.05  # seconds between two looks whether requests are done

_ALWAYS_LET_IN = ("/_", "/metrics")
"""How paths begin that tell how the service is: it must not seem dead where it is only busy."""


class InFlight:
    """Knows the requests in flight of this process; more than `limit` are too many, 0 for never."""

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit
        self._numbers = count(1)
        self._open: set[int] = set()

    def enter(self) -> int:
        """Take a request in; return its number, by which it is to leave."""
        number = next(self._numbers)
        self._open.add(number)
        return number

    def leave(self, number: int) -> None:
        """Let a request be done."""
        self._open.discard(number)

    def is_full(self) -> bool:
        """Tell whether one more would be too many."""
        return 0 < self._limit <= len(self._open)

    async def finished(self, *, seconds: float) -> None:
        """Wait until all requests of now are done, whoever comes meanwhile, or the time is over."""
        loop = asyncio.get_running_loop()
        now, end = next(self._numbers), loop.time() + seconds
        while min(self._open, default=now) < now and loop.time() < end:
            await asyncio.sleep(POLL)


class Admission:
    """Lets requests in one by one, and answers 503 to those that are too many."""

    def __init__(self, app: ASGIApp, in_flight: InFlight) -> None:
        self._app = app
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._in_flight.is_full() and not scope["path"].startswith(_ALWAYS_LET_IN):
            await response(overloaded())(scope, receive, send)
            return
        number = self._in_flight.enter()
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight.leave(number)
