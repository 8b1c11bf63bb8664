"""`python -m bench.audit`: what it takes to replay, verify and rebuild a long log.

Each is the command itself, a process from its start to its end, in events/s; beside it stands a
plain scan of the same rows by the driver, in order, with each state decoded by `json`. Where others
are at work as well, what both took of processors tells more: a command may use all of them. The
peak is the memory of its largest process, here and in a store of a tenth of the events. And the
time that the proof for one person takes, by HTTP.
"""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing import get_context
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple

import click
import psycopg

from bench.databases import KINDS, fresh
from bench.history import LIST, Asked
from bench.lives import PROJECT, fill
from bench.service import serving

COMMANDS = ("replay", "verify", "rebuild")
AT_ONCE = 2_000  # rows that a cursor of PostgreSQL fetches
SCAN = (
    "SELECT position, person_id, version, topic, state, recorded_at, digest, salt, commitment"
    f" FROM events WHERE project_id = {PROJECT} ORDER BY position"
)


class Took(NamedTuple):
    """What something took: seconds, seconds of processors, and MiB at most."""

    seconds: float
    processors: float
    peak: float = 0


def scan(url: str) -> Took:
    """Return what it takes to read all events, and to decode what they say."""
    started, worked = perf_counter(), process_time()
    with _rows(url) as rows:
        for row in rows:
            json.loads(row[4])
    return Took(perf_counter() - started, process_time() - worked)


@contextmanager
def _rows(url: str) -> Iterator[Iterator[Any]]:
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            yield file.execute(SCAN)
        return
    with psycopg.connect(url) as connection, connection.cursor(name="scan") as cursor:
        cursor.itersize = AT_ONCE
        yield iter(cursor.execute(SCAN))


def run(url: str, command: str) -> Took:
    """Run a command of `persons` to its end."""
    started = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", command],
        env=os.environ | {"DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with status {process.returncode}")
    seconds = perf_counter() - started
    return Took(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def proofs(url: str) -> list[float]:
    """Return how long the proofs of some persons took, sorted, in milliseconds."""
    with serving(url) as service:
        asked = Asked(service)
        persons = [each["uuid"] for each in asked.get(LIST)["results"]]
        paths = [f"{LIST}/{person}/audit/proof" for person in persons[:10]]
        return sorted(taken for path in paths for taken in asked.times("GET", path))


def filled(url: str, events: int) -> float:
    """Fill a database, in a process that takes its memory with it; return the seconds."""
    started = perf_counter()
    filling = get_context("spawn").Process(target=fill, args=(url, events))
    filling.start()
    filling.join()
    if filling.exitcode:
        raise RuntimeError("the database could not be filled")
    return perf_counter() - started


def measure(kind: str, events: int, runs: int) -> None:
    """Print what one database does."""
    with fresh(kind) as url:
        filled(url, events // 10)
        small = {command: run(url, command).peak for command in COMMANDS}
    with fresh(kind) as url:
        print(f"  filled in {filled(url, events):,.0f} s", flush=True)
        scans = []
        taken: dict[str, list[Took]] = {command: [] for command in COMMANDS}
        for _ in range(runs):
            scans.append(scan(url))
            for command in COMMANDS:
                taken[command].append(run(url, command))
        floor = _medians(scans)
        print(f"  {'scan':<8}{events / floor.seconds:>10,.0f} events/s")
        for command, each in taken.items():
            took = _medians(each)
            print(
                f"  {command:<8}{events / took.seconds:>10,.0f} events/s, to the scan"
                f" {floor.seconds / took.seconds:.2f}, by what it took of a processor"
                f" {floor.processors / took.processors:.2f},"
                f" peak {took.peak:.0f} MiB (a tenth of it: {small[command]:.0f})"
            )
        found = proofs(url)
        print(f"  proof   p50 {median(found):.1f} ms, at most {found[-1]:.1f} ms")


def _medians(taken: list[Took]) -> Took:
    return Took(*map(median, zip(*taken, strict=True)))


@click.command()
@click.option("--events", default=1_000_000, help="Events in the log.")
@click.option("--runs", default=3, help="Runs, of which the medians are printed.")
@click.option("--database", "kinds", multiple=True, type=click.Choice(KINDS), default=KINDS)
def main(events: int, runs: int, kinds: tuple[str, ...]) -> None:
    """Measure."""
    for kind in kinds:
        print(f"{kind}: {events:,} events, medians of {runs} runs")
        measure(kind, events, runs)


if __name__ == "__main__":
    main()
