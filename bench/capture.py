"""`python -m bench.capture`: captured events by HTTP, to a real service with one worker.

Batches of 100 events of about 1 kB each over 8 connections, beside the figure of `bench.store` from
the same run; then single events over 32 connections, where many requests share one commit. Each
event sets a property of one of 5,000 persons; one in 100 is of a new person.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, islice
from statistics import median

from sqlalchemy import func, select

from api.service.garbage import spare_collector
from bench import requests, store
from bench.databases import KINDS, fresh
from bench.load import Load, Run
from bench.service import Service, serving
from storage.engine import Database
from storage.schema import captured_events

PERSONS = 5_000
SIZE = 100  # events a batch
RUNS = 9
BATCHES = 60  # in a run
SINGLES = 3_000  # in a run
BATCH_CONNECTIONS = 8
SINGLE_CONNECTIONS = 32


class Bench:
    """A service with persons, and the load on it."""

    def __init__(self, service: Service, load: Load, database: Database) -> None:
        self.service = service
        self._load = load
        self._database = database
        self._number = count(1)

    def batches(self, number: int = BATCHES) -> Run:
        """Send batches."""
        build = partial(build_batches, self.service.token, next(self._number), number)
        return self._load.run(build, BATCH_CONNECTIONS)

    def singles(self) -> Run:
        """Send single events."""
        build = partial(build_singles, self.service.token, next(self._number))
        return self._load.run(build, SINGLE_CONNECTIONS)

    def commits(self) -> int:
        """Return how many transactions have stored captured events: each has its own time."""
        times = func.count(captured_events.c.received_at.distinct())
        with self._database.reading() as connection:
            return connection.execute(select(times)).scalar_one()


def build_batches(token: str, run: int, number: int) -> list[bytes]:
    names = _names(run)
    return [
        requests.batch(token, islice(names, SIZE), f"order-{run}-{n:06}") for n in range(number)
    ]


def build_singles(token: str, run: int) -> list[bytes]:
    names = _names(run)
    return [requests.single(token, next(names), f"order-{run}-{n:06}") for n in range(SINGLES)]


def _names(run: int) -> Iterator[str]:
    """Yield distinct ids: all persons in turn, with a new one after each 99."""
    for n in count(run * PERSONS):
        yield f"person-{run}-{n}" if n % 100 == 0 else f"person-{n * 7919 % PERSONS}"


@contextmanager
def opened(url: str) -> Iterator[Bench]:
    """Give a service that knows the persons already."""
    with serving(url) as service, Load(service) as load:
        database = Database(url)
        bench = Bench(service, load, database)
        for _ in range(2):
            bench.batches(PERSONS // SIZE)
        yield bench
        database.close()


def measure_batches(bench: Bench, store_batch: store.Batch) -> None:
    """Print what batches come to, and the store on its own."""
    store_rates, runs, peaks = [], [], []
    for _ in range(RUNS):
        store_rates.append(store.rate(store_batch))
        runs.append(bench.batches())
        peaks.append(bench.service.peak())
    by_store = median(store_rates)
    by_http = median(run.rate for run in runs) * SIZE
    print(f"  the store alone {by_store:>8,.0f} changes/s")
    print(f"  by HTTP         {by_http:>8,.0f} captured events/s")
    print(f"  by HTTP / the store alone {by_http / by_store:.2f}")
    print_costs(runs, SIZE)
    print(f"  peak memory {peaks[RUNS // 4]:.0f} MiB after a quarter, {peaks[-1]:.0f} at the end")


def measure_singles(bench: Bench) -> None:
    """Print what single events come to."""
    runs, commits = [], []
    for _ in range(RUNS):
        before = bench.commits()
        runs.append(bench.singles())
        commits.append((bench.commits() - before) / runs[-1].seconds)
    print(f"  single events   {median(run.rate for run in runs):>8,.0f} requests/s")
    print(f"  in              {median(commits):>8,.0f} commits/s")
    print_costs(runs, 1)


def print_costs(runs: list[Run], size: int) -> None:
    """Print latencies, and the processor time that the service took for an event."""
    p50, p99 = (median(run.percentile(share) for run in runs) for share in (0.5, 0.99))
    processor = median(run.microseconds for run in runs) / size
    print(f"  p50 {p50:.1f} ms, p99 {p99:.1f} ms, {processor:.0f} µs of processor an event")


def main() -> None:
    spare_collector()  # for the store alone, as the service does
    for kind in KINDS:
        print(f"{kind}: {SIZE} events of 1 kB a batch, medians of {RUNS} runs")
        with fresh(kind) as url, fresh(kind) as other, opened(url) as bench:
            with store.store(other) as store_batch:
                measure_batches(bench, store_batch)
            measure_singles(bench)


if __name__ == "__main__":
    main()
