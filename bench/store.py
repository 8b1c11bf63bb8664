"""`python -m bench.store`: load, decide, append and project, in batches of 100 changes.

100 persons with 20 properties each; a change is a captured event that sets one property. Prints
changes/s of the store, of the floor by hand, and of the `eventsourcing` library as it comes.

Store and floor have a database each, so that none pays for what the other has changed; and a run is
long enough for some ten of SQLite's checkpoints, so that one more or less counts little.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from statistics import median
from uuid import uuid4

from api.databases import prepare
from api.service.garbage import spare_collector
from bench.databases import KINDS, fresh
from bench.floor import Floor
from bench.stock import Stock
from domain.captured import CapturedEvent
from domain.commands import Capture, Request
from domain.events import Actor
from projections.views import Views
from storage import projects
from storage.engine import Database
from storage.writer import Writer

PERSONS = 100  # and as many changes a batch
PROPERTIES = {f"p{n}": f"value {n} of a person" for n in range(20)}
NAMES = [f"person-{n}" for n in range(PERSONS)]
RUNS = 9
BATCHES = 100  # in a run
ACTOR = Actor("token", "phc_bench")

Batch = Callable[[int], Callable[[], object]]
"""Returns what sets one property of each person to a value: a client's part of it is done then."""


def request(names: list[str], properties: dict[str, object]) -> Request:
    """Return a request that sets properties of each person."""
    at = datetime.now(UTC)
    return Request(
        project_id=1,
        actor=ACTOR,
        at=at,
        commands=[
            Capture(
                CapturedEvent(
                    event="visit",
                    distinct_id=name,
                    uuid=uuid4(),
                    timestamp=at,
                    properties={"$set": properties},
                )
            )
            for name in names
        ],
    )


@contextmanager
def store(url: str) -> Iterator[Batch]:
    """Give the store's batch, on an empty database, once the persons are there."""
    database = Database(url)
    prepare(database)
    with database.writing() as connection:
        projects.create(connection, "bench", at=datetime.now(UTC))
    writer = Writer(database, Views())
    writer.submit(request(NAMES, dict(PROPERTIES))).result()

    def prepared(value: int) -> Callable[[], object]:
        ready = request(NAMES, {"p0": value})
        return lambda: writer.submit(ready).result()

    try:
        yield prepared
    finally:
        writer.close()
        database.close()


def rate(batch: Batch, batches: int = BATCHES) -> float:
    """Return changes/s over some batches."""
    prepared = [batch(time.perf_counter_ns()) for _ in range(batches)]
    started = time.perf_counter()
    for run in prepared:
        run()
    return batches * PERSONS / (time.perf_counter() - started)


def measure(url: str, other: str) -> None:
    """Print what the store does on one empty database, and what it takes by hand on the other."""
    with (
        store(url) as batch,
        store(other),
        closing(Floor(other)) as floor,
        closing(Stock(other)) as stock,
    ):
        ids = stock.create(PROPERTIES, PERSONS)
        subjects: dict[str, tuple[Batch, int]] = {
            "floor": (partial(floor.batch, NAMES), BATCHES),
            "store": (batch, BATCHES),
            "stock": (lambda value: partial(stock.batch, ids, value), 1),
        }
        rates: dict[str, list[float]] = {name: [] for name in subjects}
        for _ in range(RUNS):
            for name, (run, batches) in subjects.items():
                rates[name].append(rate(run, batches))
    medians = {name: median(values) for name, values in rates.items()}
    for name, value in medians.items():
        print(f"  {name:<6} {value:>8,.0f} changes/s")
    print(f"  store / floor {medians['store'] / medians['floor']:.2f}")
    print(f"  store / eventsourcing as it comes {medians['store'] / medians['stock']:.1f}")


def main() -> None:
    spare_collector()  # as the service does
    for kind in KINDS:
        print(f"{kind}: {PERSONS} changes a batch, medians of {RUNS} runs")
        with fresh(kind) as url, fresh(kind) as other:
            measure(url, other)


if __name__ == "__main__":
    main()
