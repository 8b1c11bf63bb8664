"""What a process counts and measures, for Prometheus; what costs time only where it is asked for.

All is named `persons_…`. Where several workers make one service, `serve` gives them a folder in
PROMETHEUS_MULTIPROC_DIR, in which each of them counts and from which any of them can tell the sum.
"""

from collections.abc import Sequence
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from starlette.types import Scope

from api.service.route_names import RouteNames
from domain.commands import Done
from storage.errors import StoreUnavailableError
from storage.transaction import Committed, Result

REGISTRY = CollectorRegistry()
"""What this process knows of itself."""

# They would be as many lines again, and nobody asks since when we count.
disable_created_metrics()  # type: ignore[no-untyped-call]
ProcessCollector(namespace="persons", registry=REGISTRY)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_counter = partial(Counter, registry=REGISTRY, namespace="persons")
_histogram = partial(Histogram, registry=REGISTRY, namespace="persons")

_requests = _counter("http_requests", "Requests answered.", ["method", "route", "status"])
_durations = _histogram(
    "http_request_seconds", "How long answers took.", ["method", "route"], buckets=_SECONDS
)
_batch_requests = _histogram(
    "batch_requests", "Requests that shared a transaction.", buckets=_SIZES
)
_batch_commands = _histogram("batch_commands", "Commands in a transaction.", buckets=_SIZES)
_batch_seconds = _histogram(
    "batch_seconds", "How long transactions took, with the lock and the loads.", buckets=_SECONDS
)
_commit_seconds = _histogram(
    "commit_seconds", "How long they took to be durable once all was said.", buckets=_SECONDS
)
_appended = _counter("events_appended", "Events appended to the logs.")
_captured = _counter("captured_events", "Captured events, by what became of them.", ["result"])
_failed = _counter("writes_failed", "Requests to write that were told to come again.")
_waiting = Gauge(
    "writes_waiting",
    "Requests to write that wait until they are durable.",
    registry=REGISTRY,
    namespace="persons",
    multiprocess_mode="livesum",
)

_by_result = {
    result: _captured.labels(result) for result in ("stored", "duplicate", "dropped", "refused")
}


class RequestMetrics:
    """Counts requests by the route that they took."""

    def __init__(self, names: RouteNames) -> None:
        self._names = names
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}

    def __call__(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        method, route = scope["method"], self._names.of(scope)
        method = method if method in _METHODS else "other"
        counter = self._counters.get((method, route, status))
        if counter is None:
            counter = _requests.labels(method, route, str(status))
            self._counters[method, route, status] = counter
        histogram = self._histograms.get((method, route))
        if histogram is None:
            histogram = self._histograms[method, route] = _durations.labels(method, route)
        counter.inc()
        histogram.observe(seconds)


class _Waiting:
    def __enter__(self) -> None:
        _waiting.inc()

    def __exit__(self, error_class: type[BaseException] | None, *_: object) -> None:
        _waiting.dec()
        if error_class is StoreUnavailableError:
            _failed.inc()


waiting = _Waiting()
"""Counts a request to write while it waits, and if it fails; to be used in a `with`."""


def committed(batch: Committed) -> None:
    """Count a transaction of the writer."""
    _batch_requests.observe(batch.requests)
    _batch_commands.observe(batch.commands)
    _batch_seconds.observe(batch.seconds)
    _commit_seconds.observe(batch.commit_seconds)
    _appended.inc(batch.events)


def captured(results: Sequence[Result], *, refused: int) -> None:
    """Count captured events by what became of them; others were `refused` before."""
    done = [result for result in results if isinstance(result, Done)]
    duplicates = sum([result.is_duplicate for result in done])
    dropped = sum([result.is_dropped for result in done])
    counts = {
        "stored": len(done) - duplicates - dropped,
        "duplicate": duplicates,
        "dropped": dropped,
        "refused": len(results) - len(done) + refused,
    }
    for result, number in counts.items():
        if number:
            _by_result[result].inc(number)
