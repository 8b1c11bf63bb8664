"""The requests that are being answered: how many at once, and when those of now are done."""

import asyncio
from itertools import count

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import overloaded, response

POLL = 0.05  # seconds between two looks whether requests are done

_ALWAYS_LET_IN = ("/_", "/metrics")
"""How paths begin that tell how the service is: it must not seem dead where it is only busy."""


class InFlight:
    """Knows the requests in flight of this process, and how much of their bodies came in.

    More than `limit` requests are too many, and more than `max_bytes` too much; 0 is for never.
    """

    def __init__(self, limit: int = 0, *, max_bytes: int = 0) -> None:
        self._limit = limit
        self._max_bytes = max_bytes
        self._bytes = 0
        self._numbers = count(1)
        self._open: dict[int, int] = {}  # the bytes of each

    def enter(self) -> int:
        """Take a request in; return its number, by which it is to leave."""
        number = next(self._numbers)
        self._open[number] = 0
        return number

    def add(self, number: int, size: int) -> bool:
        """Let more of a request's body come in; tell whether it is too much, but not for it alone.

        So a single request passes however large it may be.
        """
        self._bytes += size
        self._open[number] += size
        return 0 < self._max_bytes < self._bytes and self._bytes > self._open[number]

    def leave(self, number: int) -> None:
        """Let a request be done."""
        self._bytes -= self._open.pop(number)

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
    """Lets requests in one by one, and answers 503 to those that are too many or too much."""

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

        async def receive_counted() -> Message:
            message = await receive()
            if self._in_flight.add(number, len(message.get("body", b""))):
                raise overloaded()
            return message

        try:
            await self._app(scope, receive_counted, send)
        finally:
            self._in_flight.leave(number)
