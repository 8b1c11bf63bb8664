"""`python -m bench.pages`: how long the pages take, on a real service with 100,000 persons.

One of these has changed 10,000 times. One browser's worth of requests, one after the other; what
counts is the time until the whole page is there, and the processor time of the service.
`GET /_livez` is what a request costs at least.
"""

from collections.abc import Callable
from statistics import median, quantiles
from time import perf_counter
from typing import NamedTuple
from urllib.parse import quote

import httpx

from api.web.sessions import COOKIE
from bench.databases import KINDS, fresh
from bench.read import PERSONS, fill
from bench.service import Service, serving
from domain.identity import person_uuid

TIMES = 40
CHANGES = 10_000  # of one person
AT_ONCE = 1_000
CHANGED = f"/persons/{person_uuid(1, 'person-0')}"
LIMIT = 100  # milliseconds, the most that a page may take
Find = Callable[[int], str]


class Way(NamedTuple):
    """A page: its name, and what makes the path of the nth request."""

    name: str
    path: Find


WAYS = [
    Way("_livez", lambda n: "/_livez"),
    Way("persons", lambda n: "/persons"),
    Way("… with three columns", lambda n: "/persons?column=plan&column=company&column=logins"),
    Way("… deep", lambda n: f"/persons?offset={PERSONS // 2 + n}"),
    Way("… search, one found", lambda n: f"/persons?search={quote(f'person.{n * 997}@')}"),
    Way("… search, many found", lambda n: f"/persons?search=number+{n}"),
    Way("… search, none found", lambda n: f"/persons?search=nobody.{n}"),
    Way("… filter, one found", lambda n: f"/persons?key=seat&operator=exact&value={n * 997}"),
    Way("… filter, a third", lambda n: "/persons?key=plan&operator=exact&value=pro"),
    Way("… as of the past", lambda n: f"/persons?as_of={PERSONS + n}"),
    Way("… as of, search", lambda n: f"/persons?as_of={PERSONS + n}&search=person.{n * 997}@"),
    Way("activity", lambda n: "/activity"),
    Way("… by anything", lambda n: "/activity?source=all"),
    Way("… deep", lambda n: f"/activity?source=all&page={1000 + n}"),
    Way("changes", lambda n: "/changes"),
    Way("… of 200 events", lambda n: f"/changes?from={2 * PERSONS + CHANGES - 200}"),
    Way("merges", lambda n: "/merges"),
    Way("warnings", lambda n: "/warnings"),
    Way("deletions", lambda n: "/deletions"),
    Way("audit", lambda n: "/audit"),
    Way("person", lambda n: f"/persons/{person_uuid(1, f'person-{n + 1}')}"),
    Way("… with many changes", lambda n: CHANGED),
    Way("… as of the past", lambda n: f"{CHANGED}?as_of={2 * PERSONS + n}"),
    Way("timeline", lambda n: f"{CHANGED}/timeline"),
    Way("… as a table", lambda n: f"{CHANGED}/timeline?look=table"),
    Way("history", lambda n: f"{CHANGED}/history"),
    Way("… deep", lambda n: f"{CHANGED}/history?after={2 * PERSONS + CHANGES // 2 + n}"),
    Way("activity of one", lambda n: f"{CHANGED}/activity?source=all"),
    Way("events of one", lambda n: f"{CHANGED}/events"),
    Way("identity", lambda n: f"{CHANGED}/identity"),
    Way("two times of one", lambda n: f"{CHANGED}/diff?from={2 * PERSONS + n}"),
]


def change_one(service: Service) -> None:
    """Let one person change very often."""
    for first in range(0, CHANGES, AT_ONCE):
        batch = [
            {"event": "$set", "distinct_id": "person-0", "properties": {"$set": {"score": number}}}
            for number in range(first, first + AT_ONCE)
        ]
        body = {"api_key": service.token, "batch": batch}
        httpx.post(f"{service.url}/batch/", json=body, timeout=60).raise_for_status()


def measure(service: Service) -> None:
    """Print what each page takes."""
    with httpx.Client(base_url=service.url, cookies={COOKIE: service.key}, timeout=60) as client:
        print(f"  {'':<24}  p50 ms  p95 ms  processor ms      kB")
        for way in WAYS:
            client.get(way.path(TIMES)).raise_for_status()
            started = service.processor()
            taken = [_milliseconds(client, way.path(number)) for number in range(TIMES)]
            processor = (service.processor() - started) / TIMES * 1000
            size = len(client.get(way.path(0)).content) / 1000
            p50, p95 = median(taken), quantiles(taken, n=20)[-1]
            verdict = "" if p50 < LIMIT else f"  more than {LIMIT} ms"
            print(f"  {way.name:<24}{p50:>8.1f}{p95:>8.1f}{processor:>14.1f}{size:>8.0f}{verdict}")


def _milliseconds(client: httpx.Client, path: str) -> float:
    started = perf_counter()
    answer = client.get(path)
    taken = (perf_counter() - started) * 1000
    assert answer.status_code == httpx.codes.OK, answer.text
    return taken


def main() -> None:
    for kind in KINDS:
        print(f"{kind}: {PERSONS:,} persons, {TIMES} requests each")
        with fresh(kind) as url:
            fill(url)
            with serving(url) as service:
                change_one(service)
                measure(service)


if __name__ == "__main__":
    main()
