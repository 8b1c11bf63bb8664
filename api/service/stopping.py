"""Stopping in order: first the service says that it is not ready, then it takes no more requests.

Who waits for something then waits no longer.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SIGNALS = (signal.SIGTERM, signal.SIGINT)
STOP_TIMEOUT = 30  # seconds that requests in flight have to finish


@contextmanager
def noticed(hold: Callable[[], Awaitable[None]]) -> Iterator[asyncio.Event]:
    """Give an event that is set once the process is asked to stop.

    uvicorn closes its door as soon as it hears of a signal, so it hears of it when `hold` is over:
    until then requests are answered, among them those that ask whether we are ready. A second
    signal reaches it at once. Where there are no handlers, or none can be set, the event stays
    unset.
    """
    if threading.current_thread() is not threading.main_thread():
        yield asyncio.Event()
        return
    asked = _Asked(hold)
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    handled = [number for number, handler in handlers.items() if callable(handler)]
    for number in handled:
        signal.signal(number, asked.by(handlers[number]))
    yield asked.event
    for number in handled:
        signal.signal(number, handlers[number])


class LastAnswers:
    """Closes connections behind their answers once the service was asked to stop.

    So clients open new ones, to whoever serves then, and send nothing into one that closes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_last(message: Message) -> None:
            is_head = message["type"] == "http.response.start"
            if is_head and scope["app"].state.stopping.is_set():
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, receive, send_last)


class _Asked:
    """Was asked to stop once `event` is set; tells who is to know of it in due time."""

    def __init__(self, hold: Callable[[], Awaitable[None]]) -> None:
        self.event = asyncio.Event()
        self._hold = hold
        self._loop = asyncio.get_running_loop()
        self._holding: asyncio.Task[None] | None = None

    def by(
        self, handler: signal.Handlers | Callable[..., object] | int | None
    ) -> Callable[..., None]:
        """Return a handler for a signal that stands before one that knows nothing of us."""

        def pass_on(number: int) -> None:
            if callable(handler):
                handler(number, None)

        def notice(number: int, _: object) -> None:
            self._loop.call_soon_threadsafe(self._ask, pass_on, number)

        return notice

    def _ask(self, pass_on: Callable[[int], None], number: int) -> None:
        if self._holding:
            self._holding.cancel()
            pass_on(number)
            return
        self.event.set()
        self._holding = self._loop.create_task(self._held(pass_on, number))

    async def _held(self, pass_on: Callable[[int], None], number: int) -> None:
        await self._hold()
        pass_on(number)
