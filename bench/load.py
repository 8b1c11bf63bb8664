"""Load: a process of its own that asks a service as fast as it answers, over some connections.

It does so little itself that it does not slow down what it measures: each request is made before
the clock starts, and of an answer only its length is looked at.
"""

import asyncio
import gc
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple, Self, cast

import uvloop

from bench.service import Service

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"

_Taken = tuple[float, list[float]]  # seconds of the run, and of each request


class Run(NamedTuple):
    """What a run came to, in seconds: its time, each request's latency, the service's processor."""

    seconds: float
    latencies: Sequence[float]
    processor: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    @property
    def microseconds(self) -> float:
        """The service's processor time for a request."""
        return self.processor / len(self.latencies) * 1e6

    def percentile(self, share: float) -> float:
        """Return the latency that this share of the requests does not exceed, in milliseconds."""
        return sorted(self.latencies)[int(len(self.latencies) * share)] * 1000


class Load:
    """Asks a service, from a process of its own; `with` it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._process = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def run(self, build: Callable[[], Sequence[bytes]], connections: int) -> Run:
        """Send each of the requests that `build` makes once, and wait for all answers.

        Raises:
            RuntimeError: an answer was not of the 200s.
        """
        before = self._service.processor()
        running = self._process.submit(_run, self._service.port, build, connections)
        seconds, latencies = running.result()
        return Run(seconds, latencies, self._service.processor() - before)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.shutdown()


def _run(port: int, build: Callable[[], Sequence[bytes]], connections: int) -> _Taken:
    requests = build()
    gc.collect()
    gc.disable()
    try:
        return uvloop.run(_drive(port, iter(requests), connections))
    finally:
        gc.enable()


async def _drive(port: int, requests: Iterator[bytes], connections: int) -> _Taken:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    opened = [
        await loop.create_connection(lambda: _Connection(requests, latencies), "127.0.0.1", port)
        for _ in range(connections)
    ]
    started = time.perf_counter()
    for _, connection in opened:
        connection.send_next()
    await asyncio.gather(*(connection.done for _, connection in opened))
    return time.perf_counter() - started, latencies


class _Connection(asyncio.Protocol):
    """Sends one request after the other, each when the answer to the one before is there."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float]) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._latencies = latencies
        self._answer = b""
        self._length = 0  # bytes of the answer, once its head is there

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send_next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._answer, self._length = b"", 0
        self._started = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._length:
            head, end, _ = self._answer.partition(_END)
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 2"):
                self._fail(self._answer)
                return
            length = _LENGTH.search(head)
            self._length = len(head) + len(_END) + (int(length[1]) if length else 0)
        if len(self._answer) >= self._length:
            self._latencies.append(time.perf_counter() - self._started)
            self.send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(b"the connection was lost")

    def _fail(self, why: bytes) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why.decode()))
