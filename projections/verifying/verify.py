"""Proving that the store is right: the logs, and every row of every view, made anew and compared.

All of it sees one state of the database, so the service can write on meanwhile.
"""

import time
from collections.abc import Callable
from itertools import chain
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, func, select

from projections.persons import persons
from projections.rebuilding.crew import crew
from projections.verifying.chain_check import ChainCheck
from projections.verifying.findings import Finding
from projections.verifying.row_check import RowCheck, count
from projections.verifying.share_check import TABLES
from storage.engine import Database
from storage.schema import events, logs, projects

Progress = Callable[[int, int], None]
"""Called with the number of events done, and of those to be done in all."""


class Report(Struct, frozen=True, kw_only=True):
    """What was checked, and what was found wrong; `heads` are the digests that all rests on."""

    events: int
    persons: int
    rows: int
    checkpoints: int
    seconds: float
    heads: dict[int, str]
    findings: list[Finding]

    @property
    def is_right(self) -> bool:
        """Tell whether nothing was found wrong."""
        return not self.findings


def verify(
    database: Database,
    *,
    project_id: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Check the logs, make all rows anew from their events, and compare these with the live."""
    started = time.perf_counter()
    with crew(database, _length(database)) as (connection, workers):
        chosen = _projects(connection) if project_id is None else [project_id]
        lengths = {each: count(connection, events, each) for each in chosen}
        tell = _Telling(progress, sum(lengths.values()))
        rows = RowCheck(connection, workers, lengths)
        chains = {each: ChainCheck(connection, each) for each in chosen}
        for each in chains.values():
            each.follow(tell.followed)
        rows.finish(tell.made)
        findings = [*chain.from_iterable(each.findings for each in chains.values()), *rows.findings]
    return Report(
        events=sum(lengths.values()),
        persons=rows.rows[persons.name],
        rows=rows.rows.total(),
        checkpoints=sum(each.checkpoints for each in chains.values()),
        seconds=time.perf_counter() - started,
        heads={project_id: each.head for project_id, each in chains.items()},
        findings=findings,
    )


class _Telling:
    """Tells how far a verification is: each event is followed once, and made rows of once."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._followed = 0
        self._made = 0

    def followed(self, count: int) -> None:
        self._followed += count
        self._tell()

    def made(self, count: int) -> None:
        self._made += count
        self._tell()

    def _tell(self) -> None:
        self._progress((self._followed + self._made) // 2, self._total)


def _length(database: Database) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.sum(logs.c.position))).scalar() or 0


def _projects(connection: Connection) -> list[Any]:
    """Return all projects, also those of which somebody took away a part."""
    found = set(connection.execute(select(projects.c.id)).scalars())
    for table in (logs, events, *TABLES.values()):
        found.update(_projects_in(connection, table.c.project_id))
    return sorted(found, key=str)


def _projects_in(connection: Connection, column: Any) -> Any:
    """Yield the projects in a table, from one to the next, without reading all their rows."""
    project_id = connection.execute(select(func.min(column))).scalar()
    while project_id is not None:
        yield project_id
        project_id = connection.execute(
            select(func.min(column)).where(column > project_id)
        ).scalar()
