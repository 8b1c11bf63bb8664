"""GET /metrics: what all workers have counted, and how the store is."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.public import TEXT, Public, Said, Told
from api.service.health import TIMEOUT
from api.service.metrics import REGISTRY
from api.store import Store
from projections.condition import Condition, condition
from storage.errors import StoreError

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which the workers of one service count; unset where there is but one."""


async def metrics(request: Request) -> Response:
    """GET /metrics: all metrics of the service, in the format that Prometheus asks for."""
    store: Store = request.app.state.store
    at = store.clock()
    found = None
    with suppress(StoreError, TimeoutError):
        async with asyncio.timeout(TIMEOUT):
            found = await store.read(partial(condition, at=at, retention=store.retention))
    accepted = request.headers.get("accept", "")
    body, content_type = await run_in_threadpool(_encoded, accepted, found, at)
    return Response(body, headers={"Content-Type": content_type})


def _encoded(accepted: str, found: Condition | None, at: datetime) -> tuple[bytes, str]:
    encode, content_type = choose_encoder(accepted)
    told = CollectorRegistry()
    folder = os.environ.get(FOLDER)
    if folder:
        _forget_the_dead(Path(folder))
        MultiProcessCollector(told, folder)  # type: ignore[no-untyped-call]
    else:
        told.register(REGISTRY)
    told.register(_State(found, at))
    return encode(told), content_type


def _forget_the_dead(folder: Path) -> None:
    """Let workers that have ended count for nothing in what is true only while they live."""
    pids = {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}
    for pid in pids:
        if not Path("/proc", str(pid)).exists():
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]


class _State(Collector):
    """How the store is, as metrics; of a store that does not answer, only that."""

    def __init__(self, found: Condition | None, at: datetime) -> None:
        self._found = found
        self._at = at

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield _gauge("store_up", "Whether the database answers.", self._found is not None)
        if self._found is None:
            return
        yield from _contents(self._found)
        if summary := self._found.verified:
            age = (self._at - summary.finished_at).total_seconds()
            yield _gauge(
                "verify_right", "Whether the last verify found all right.", summary.is_right
            )
            yield _gauge("verify_findings", "What it found wrong.", summary.findings)
            yield _gauge("verify_age_seconds", "How long ago it ended.", age)


def _contents(found: Condition) -> Iterator[GaugeMetricFamily]:
    help = "Whether a projection has its newest shape; all have seen all events, always."
    projections = GaugeMetricFamily("persons_projection_current", help, labels=["projection"])
    for name, is_current in found.projections.items():
        projections.add_metric([name], is_current)
    yield projections
    yield _gauge("log_events", "Events in all logs.", found.events)
    lag = found.events - found.tree
    yield _gauge("tree_lag_events", "Events that are not in the trees of proofs yet.", lag)
    yield _gauge("erasures_waiting", "Deleted persons whose data is still there.", found.erasures)
    yield _gauge("erasures_due", "Those of them whose time is over.", found.due)
    queued = found.event_deletions
    yield _gauge("event_deletions_waiting", "Persons whose captured events are to go.", queued)


def _gauge(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"persons_{name}", help, value=value)


_METRICS = Told(tag="health", answers={200: Said("All metrics.", [str], TEXT)})

PUBLIC = [Public("/metrics", "metrics", metrics, _METRICS)]
