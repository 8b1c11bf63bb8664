"""`python -m bench.read`: reading persons by HTTP, from a real service with one worker.

100,000 persons, 32 connections. Each way of reading is set beside `GET /_livez`, which the same
service answers without looking at anything.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from api.databases import prepare
from bench.databases import KINDS, fresh
from bench.load import Load, Run
from bench.requests import get
from bench.service import Service, serving
from domain.captured import CapturedEvent
from domain.commands import Capture, Request
from domain.events import Actor
from domain.identity import person_uuid
from domain.values import JSON, Properties, encode
from projections.views import Views
from storage import projects
from storage.engine import Database
from storage.tree import grow
from storage.writer import Writer

PERSONS = 100_000
AT_ONCE = 2_000  # persons in a request that loads them
CONNECTIONS = 32
RUNS = 5
SECONDS = 2.0  # of a run, about
WARM_UP = 4 * CONNECTIONS  # requests
PERSONS_PATH = "/api/projects/1/persons"


class Way(NamedTuple):
    """A way of reading: its name, and what makes the path of a request."""

    name: str
    path: Callable[[random.Random], str]


def properties(number: int) -> Properties:
    """Return the properties of a person."""
    return {
        "email": f"person.{number}@example.com",
        "name": f"Person Number {number}",
        "plan": ("free", "pro", "team")[number % 3],
        "seat": str(number),
        "country": "NO",
        "company": f"company-{number // 10}",
        "signed_up_at": "2024-05-17T08:30:00Z",
        "referrer": "https://www.example.com/articles/which-store-to-choose",
        "is_admin": number % 50 == 0,
        "logins": number % 1000,
    }


def fill(url: str) -> None:
    """Let all persons be captured, and the log's tree grow: no service would leave that behind."""
    database = Database(url)
    prepare(database)
    with database.writing() as connection:
        projects.create(connection, "bench", at=datetime.now(UTC))
    writer = Writer(database, Views())
    for first in range(0, PERSONS, AT_ONCE):
        writer.submit(request(range(first, first + AT_ONCE))).result()
    writer.close()
    while grow(database, 1):
        pass
    database.close()


def request(numbers: range) -> Request:
    """Return the request that captures an event of each of these persons."""
    at = datetime.now(UTC)
    commands = [
        Capture(
            CapturedEvent(
                event="signed up",
                distinct_id=f"person-{number}",
                uuid=uuid4(),
                timestamp=at,
                properties={"$set": properties(number)},
            )
        )
        for number in numbers
    ]
    return Request(project_id=1, actor=Actor("token", "phc_bench"), at=at, commands=list(commands))


def ways(service: Service) -> Iterator[Way]:
    """Yield all ways of reading; the first is the one to compare the others with."""

    def number(chance: random.Random) -> int:
        return chance.randrange(PERSONS)

    yield Way("_livez", lambda _: "/_livez")
    yield Way("by integer id", lambda c: f"{PERSONS_PATH}/{number(c) + 1}/")
    yield Way("by uuid", lambda c: f"{PERSONS_PATH}/{person_uuid(1, f'person-{number(c)}')}/")
    yield Way("first page", lambda _: f"{PERSONS_PATH}/")
    deep = following(service, offset=PERSONS // 2)
    yield Way("deep page", lambda _: deep)
    yield Way("search, one found", lambda c: listed(search=f"person.{number(c)}@"))
    yield Way("search, none found", lambda c: listed(search=f"nobody.{number(c)}@"))
    yield Way("email is", lambda c: filtered("email", f"person.{number(c)}@example.com"))
    yield Way("property is", lambda c: filtered("seat", str(number(c))))


def listed(**query: str) -> str:
    return f"{PERSONS_PATH}/?{urlencode(query)}"


def filtered(key: str, value: JSON) -> str:
    condition = {"key": key, "value": value, "operator": "exact", "type": "person"}
    return listed(properties=encode([condition]).decode())


def following(service: Service, *, offset: int) -> str:
    """Return the path of the page behind the one at an offset."""
    headers = {"Authorization": f"Bearer {service.key}"}
    answer = httpx.get(service.url + listed(offset=str(offset)), headers=headers, timeout=60)
    return str(answer.json()["next"]).removeprefix(service.url)


class Bench:
    """A service with persons, and the load on it."""

    def __init__(self, service: Service, load: Load) -> None:
        self.service = service
        self.ways = list(ways(service))
        self._load = load

    def run(self, way: Way, number: int) -> Run:
        """Read in one way that often."""
        chance = random.Random(number)
        paths = [way.path(chance) for _ in range(number)]
        return self._load.run(partial(build_requests, paths, self.service.key), CONNECTIONS)


def build_requests(paths: list[str], key: str) -> list[bytes]:
    return [get(path, key) for path in paths]


@contextmanager
def opened(url: str) -> Iterator[Bench]:
    """Give a service with all persons."""
    fill(url)
    with serving(url) as service, Load(service) as load:
        yield Bench(service, load)


def measure(bench: Bench) -> None:
    """Print what each way comes to."""
    often = {way: int(bench.run(way, WARM_UP).rate * SECONDS) + 1 for way in bench.ways}
    runs: dict[Way, list[Run]] = {way: [] for way in bench.ways}
    for _ in range(RUNS):
        for way in bench.ways:
            runs[way].append(bench.run(way, often[way]))
    constant = median(run.rate for run in runs[bench.ways[0]])
    print(f"  {'':<18}  requests/s  of _livez  processor µs  p50 ms  p99 ms")
    for way, each in runs.items():
        rate = median(run.rate for run in each)
        processor = median(run.microseconds for run in each)
        p50, p99 = (median(run.percentile(share) for run in each) for share in (0.5, 0.99))
        print(
            f"  {way.name:<18}{rate:>12,.0f}{rate / constant:>11.3f}"
            f"{processor:>14,.0f}{p50:>8.1f}{p99:>8.1f}"
        )
    print(f"  peak memory {bench.service.peak():.0f} MiB")


def main() -> None:
    for kind in KINDS:
        print(f"{kind}: {PERSONS:,} persons, medians of {RUNS} runs")
        with fresh(kind) as url, opened(url) as bench:
            measure(bench)


if __name__ == "__main__":
    main()
