"""`python -m bench.history`: what questions about the past cost.

Of one person with 10, 1,000 and 10,000 changes: as of a position, timeline, blame, and a merge
taken back (as a dry run), first in a small store and then beside 100,000 other persons. Of lists:
the first page, a search and a filter as of a position, set beside the same as of now. And what the
projection of the past adds to a batch of `bench.store`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import median
from time import perf_counter, perf_counter_ns
from typing import Any
from uuid import uuid4

import httpx

from api.databases import prepare
from bench import read
from bench.databases import KINDS, fresh
from bench.service import Service, serving
from bench.store import ACTOR, BATCHES, NAMES, PERSONS, PROPERTIES, RUNS, request
from domain.captured import CapturedEvent
from domain.commands import Capture, Request
from domain.values import Properties
from projections.past import view as past
from projections.projection import Projection
from projections.views import PROJECTIONS, Views
from storage import projects
from storage.appended import Appended
from storage.engine import Database
from storage.writer import Writer

SIZES = (10, 1_000, 10_000)  # changes of a person
AT_ONCE = 500  # changes in a request that loads them
REPEATS = 15  # of each question
LIST = "/api/projects/1/persons"


class Asked:
    """A service, and a client that asks it one question after the other."""

    def __init__(self, service: Service) -> None:
        self._client = httpx.Client(
            base_url=service.url,
            headers={"Authorization": f"Bearer {service.key}"},
            timeout=120,
            trust_env=False,
        )

    def get(self, path: str, **query: str) -> Any:
        """Return the answer to a GET, as JSON."""
        return self._client.get(path, params=query).raise_for_status().json()

    def times(self, method: str, path: str, **rest: Any) -> list[float]:
        """Return how long each of some answers took, sorted, in milliseconds."""
        taken = []
        for _ in range(REPEATS):
            started = perf_counter()
            self._client.request(method, path, **rest).raise_for_status()
            taken.append((perf_counter() - started) * 1000)
        return sorted(taken)


def live(writer: Writer, name: str, changes: int) -> None:
    """Let a person have that many changes, half of them before another is merged into it."""
    for first in range(0, changes // 2, AT_ONCE):
        _change(writer, name, range(first, min(first + AT_ONCE, changes // 2)))
    _capture(writer, [_event("visit", f"{name}-anonymous", {"$set": {"theme": "dark"}})])
    _capture(writer, [_event("$identify", name, {"$anon_distinct_id": f"{name}-anonymous"})])
    for first in range(changes // 2, changes, AT_ONCE):
        _change(writer, name, range(first, min(first + AT_ONCE, changes)))


def _change(writer: Writer, name: str, values: range) -> None:
    _capture(writer, [_event("visit", name, {"$set": {f"p{n % 20}": n}}) for n in values])


def _capture(writer: Writer, events: list[CapturedEvent]) -> None:
    commands = [Capture(event) for event in events]
    at = datetime.now(UTC)
    asked = Request(project_id=1, actor=ACTOR, at=at, commands=list(commands))
    writer.submit(asked).result()


def _event(event: str, name: str, properties: Properties) -> CapturedEvent:
    return CapturedEvent(
        event=event,
        distinct_id=name,
        uuid=uuid4(),
        timestamp=datetime.now(UTC),
        properties=properties,
    )


@contextmanager
def written(url: str, views: Views) -> Iterator[Writer]:
    """Give a writer on an empty, prepared database."""
    database = Database(url)
    prepare(database)
    with database.writing() as connection:
        projects.create(connection, "bench", at=datetime.now(UTC))
    writer = Writer(database, views)
    try:
        yield writer
    finally:
        writer.close()
        database.close()


def persons(service: Service) -> None:
    """Print what questions about one person take, by its number of changes."""
    asked = Asked(service)
    print(f"    {'changes':>8}  {'question':<12}{'p50 ms':>8}{'p99 ms':>8}")
    for size in SIZES:
        name = f"lived-{size}"
        person = asked.get(LIST, distinct_id=name)["results"][0]["uuid"]
        middle = asked.get(f"{LIST}/{person}/history", limit=str(size // 2))["results"][-1]
        merge = asked.get(f"{LIST}/{person}/merges")["results"][0]["merge"]
        unmerge = {"params": {"dry_run": "true"}, "json": {"merge": merge}}
        questions: list[tuple[str, str, str, dict[str, Any]]] = [
            ("as of", "GET", "", {"params": {"as_of": middle["position"]}}),
            ("timeline", "GET", "/properties_timeline", {}),
            ("blame", "GET", "/blame", {}),
            ("un-merge", "POST", "/unmerge", unmerge),
        ]
        for question, method, path, rest in questions:
            taken = asked.times(method, f"{LIST}/{person}{path}", **rest)
            print(f"    {size:>8,}  {question:<12}{median(taken):>8.1f}{taken[-1]:>8.1f}")


def lists(service: Service) -> None:
    """Print what lists as of the past take, beside the same as of now."""
    asked = Asked(service)
    position = asked.get(f"{LIST}/changes", after="0", limit="1")["position"]
    position += read.PERSONS  # when about half of the persons were there
    condition = '[{"key":"seat","value":"4711","type":"person"}]'
    questions = {
        "first page": {},
        "search": {"search": "person.4711@"},
        "filter": {"properties": condition},
    }
    print(f"    {'list':<12}{'now ms':>8}{'as of ms':>10}{'ratio':>7}")
    for question, query in questions.items():
        now = median(asked.times("GET", LIST, params=query))
        then = median(asked.times("GET", LIST, params=query | {"as_of": str(position)}))
        print(f"    {question:<12}{now:>8.1f}{then:>10.1f}{then / now:>7.1f}")


class WithoutPast(Views):
    """All views but that of the past."""

    def project(self, connection: Any, appended: Appended) -> None:
        """Bring them up to the events appended."""
        for projection in _OTHERS:
            projection.bring_up(connection, appended)


_OTHERS: list[Projection] = [each for each in PROJECTIONS if each is not past.PROJECTION]


def added(kind: str) -> None:
    """Print how much longer a batch takes with the projection of the past."""
    with (
        fresh(kind) as one,
        fresh(kind) as other,
        written(one, Views()) as all_views,
        written(other, WithoutPast()) as fewer,
    ):
        for writer in (all_views, fewer):
            writer.submit(request(NAMES, dict(PROPERTIES))).result()
        ratios = [_seconds(all_views) / _seconds(fewer) for _ in range(RUNS)]
    print(f"  a batch of {PERSONS} changes, with the past / without {median(ratios):.2f}")


def _seconds(writer: Writer) -> float:
    started = perf_counter()
    for _ in range(BATCHES):
        writer.submit(request(NAMES, {"p0": perf_counter_ns()})).result()
    return perf_counter() - started


def main() -> None:
    for kind in KINDS:
        print(f"{kind}: medians of {REPEATS} answers")
        with fresh(kind) as url:
            with written(url, Views()) as writer:
                for size in SIZES:
                    live(writer, f"lived-{size}", size)
            print("  one person, in a store of its own")
            with serving(url) as service:
                persons(service)
            read.fill(url)
            print(f"  one person, beside {read.PERSONS:,} others")
            with serving(url) as service:
                persons(service)
                lists(service)
        added(kind)


if __name__ == "__main__":
    main()
