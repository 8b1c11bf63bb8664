"""A purge: captured events that were queued are deleted, persons that are due are erased.

It may end at any point, also by a kill: what is not done is found again by the next one. Only the
search for erased values cannot be made up for, because nobody knows them any more.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Row

from api.purge.erasing import Erased, Tools, complete, erase, search
from domain.events import Actor
from projections import deletions
from projections.event_purge import is_purged, purge_events
from projections.rebuilding.rebuild import discard_unfinished
from storage import erasure_receipts, event_deletions
from storage.alone import alone
from storage.engine import Database
from storage.erasure_receipts import Receipt
from storage.errors import StoreInUseError
from storage.turns import hold
from storage.vacuum import vacuum

PURGE_LOCK = 7_736_223  # another of PostgreSQL's advisory locks: see `storage.migrate`
TOGETHER = 100  # persons for whose values one search is made

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how far it is, and how far it goes (0: nobody knows).

It may raise, to end the purge.
"""


class Purged(Struct, frozen=True, kw_only=True):
    """What a purge came to.

    `entries` of the queue are done, `waiting` are not. `persons` were erased, with `events` of the
    log, `captured_events` and `warnings`. `found` is in how many places the search afterwards still
    found something of them. `is_clean`: no page of the database holds what was deleted.
    """

    entries: int
    waiting: int
    captured_events: int
    persons: int
    events: int
    warnings: int
    found: int
    is_clean: bool
    seconds: float


class Person(NamedTuple):
    """A deleted person to erase; with `captured`, its captured events too."""

    project_id: int
    person_id: UUID
    captured: bool


class Purge:
    """A purge at work. Only one may be at work at a time: see `purging_alone`."""

    def __init__(
        self,
        tools: Tools,
        *,
        actor: Actor,
        progress: Progress = lambda doing, done, total: None,
        is_full: bool = False,
    ) -> None:
        """Purge in the name of `actor`; `is_full` as in `storage.vacuum`."""
        self._tools = tools
        self._actor = actor
        self._progress = progress
        self._is_full = is_full
        self._started = time.perf_counter()
        self._deleted: Counter[tuple[int, UUID]] = Counter()
        self._counts: Counter[str] = Counter()
        self._receipts: list[tuple[int, Receipt]] = []

    def all(self, retention: timedelta) -> Purged:
        """Purge all that waits; persons once their deletion is older than `retention`.

        Raises:
            StoreUnavailableError: it ended before its end; another one goes on.
        """
        database = self._tools.database
        with database.reading() as connection:
            entries = event_deletions.waiting(connection)
            # What an earlier purge has left behind: its search can only be given up.
            self._receipts += erasure_receipts.incomplete(connection)
        self._delete_events(entries)
        with database.reading() as connection:
            due = deletions.due(connection, self._tools.clock() - retention)
        self._erase([Person(row.project_id, row.person_id, row.deletes_events) for row in due])
        return self._finish(entries)

    def one(self, person: Person, *, queued: Collection[UUID]) -> Purged:
        """Erase one deleted person now, and delete the captured events of those `queued`.

        Raises:
            StoreUnavailableError: it ended before its end; another one goes on.
        """
        with self._tools.database.reading() as connection:
            waiting = event_deletions.waiting(connection)
        entries = [
            each
            for each in waiting
            if each.project_id == person.project_id and each.person_id in queued
        ]
        self._delete_events(entries)
        self._erase([person])
        return self._finish(entries)

    def _delete_events(self, entries: Sequence[Row[Any]]) -> None:
        for entry in entries:
            whose = entry.project_id, entry.person_id
            for deleted in purge_events(self._tools.database, entry):
                self._deleted[whose] += deleted
                self._progress("captured events", self._deleted.total(), 0)
        self._counts["captured_events"] += self._deleted.total()

    def _erase(self, persons: Sequence[Person]) -> None:
        for start in range(0, len(persons), TOGETHER):
            found: list[Erased | None] = []
            for person in persons[start : start + TOGETHER]:
                self._progress("persons", start + len(found), len(persons))
                found.append(erase(self._tools, *person, actor=self._actor))
            if erased := [each for each in found if each]:
                receipts = search(
                    self._tools, erased, lambda rows: self._progress("rows searched", rows, 0)
                )
                self._receipts += map(self._counted, receipts)
        self._progress("persons", len(persons), len(persons))

    def _counted(self, item: tuple[int, Receipt]) -> tuple[int, Receipt]:
        """Count what a receipt says; return it with the captured events deleted before."""
        project_id, receipt = item
        self._counts["persons"] += 1
        self._counts["events"] += sum(map(len, receipt.positions.values()))
        self._counts["captured_events"] += receipt.captured_events
        self._counts["warnings"] += receipt.warnings
        self._counts["found"] += receipt.sweep.found if receipt.sweep else 0
        before = self._deleted[project_id, receipt.person]
        return project_id, replace(receipt, captured_events=receipt.captured_events + before)

    def _finish(self, entries: Sequence[Row[Any]]) -> Purged:
        if self._receipts:
            discard_unfinished(self._tools.database)
        is_clean = vacuum(
            self._tools.database,
            is_full=self._is_full,
            progress=lambda done, total: self._progress("tables cleaned", done, total),
        )
        done = sum(map(self._verify, entries))
        complete(self._tools, self._receipts)
        counted = ("captured_events", "persons", "events", "warnings", "found")
        return Purged(
            **{name: self._counts[name] for name in counted},
            entries=done,
            waiting=len(entries) - done,
            is_clean=is_clean,
            seconds=time.perf_counter() - self._started,
        )

    def _verify(self, entry: Row[Any]) -> bool:
        if not is_purged(self._tools.database, entry):
            return False
        with self._tools.database.writing() as connection:
            event_deletions.verified(connection, entry, self._tools.clock())
        return True


@contextmanager
def purging_alone(database: Database) -> Iterator[bool]:
    """Tell whether no other process purges, and let none do so meanwhile."""
    if not database.is_sqlite:
        with alone(database, PURGE_LOCK) as is_alone:
            yield is_alone
        return
    try:
        lock = hold(Path(f"{database.path}-purge"), str(database.path))
    except StoreInUseError:
        yield False
        return
    with lock:
        yield True
