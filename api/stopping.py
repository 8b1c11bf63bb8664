"""Knowing that the service is about to stop: who waits for something then waits no longer."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def noticed() -> Iterator[asyncio.Event]:
    """Give an event that is set once the process is asked to stop.

    uvicorn finishes all requests before it tells that the service ends; so its handlers of signals
    are called by ours. Where there are none, or none can be set, the event stays unset.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    handlers = {int(number): signal.getsignal(number) for number in SIGNALS}

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stopping.set)
        handler = handlers[number]
        if callable(handler):
            handler(number, frame)

    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    handled = [number for number, handler in handlers.items() if callable(handler)]
    for number in handled:
        signal.signal(number, stop)
    yield stopping
    for number in handled:
        signal.signal(number, handlers[number])
