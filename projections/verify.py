"""Proving that the store is right: the logs, and every row of every view, made anew and compared.

All of it sees one state of the database, so the service can write on meanwhile.
"""

import time
from collections.abc import Callable
from itertools import chain

from msgspec import Struct
from sqlalchemy import Connection, select

from projections.findings import Finding
from projections.persons import persons
from projections.row_check import RowCheck
from projections.scratch import Scratch
from projections.views import PROJECTIONS
from storage import log
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
    """Check the logs, replay all events into scratch tables, and compare these with the live."""
    started = time.perf_counter()
    with database.aside(is_snapshot=True) as connection, connection.begin() as transaction:
        chosen = _projects(connection) if project_id is None else {project_id}
        total = sum(log.heads(connection, chosen).values())
        scratch = Scratch(connection, lambda done: progress(done, total))
        checks = {each: scratch.follow(each) for each in sorted(chosen)}
        rows = RowCheck(connection, scratch.side, broken=scratch.broken, only=project_id)
        tables = [table for each in PROJECTIONS for table in each.tables]
        findings = [*chain.from_iterable(check.findings for check in checks.values())]
        findings += [*scratch.findings, *chain.from_iterable(map(rows.differences, tables))]
        counts = {table.name: rows.count(table) for table in tables}
        transaction.rollback()
    return Report(
        events=scratch.done,
        persons=counts[persons.name],
        rows=sum(counts.values()),
        checkpoints=sum(check.checkpoints for check in checks.values()),
        seconds=time.perf_counter() - started,
        heads={each: check.head for each, check in checks.items()},
        findings=findings,
    )


def _projects(connection: Connection) -> set[int]:
    """Return all projects, also those of which somebody took away a part."""
    found = set(connection.execute(select(projects.c.id)).scalars())
    found |= set(connection.execute(select(logs.c.project_id)).scalars())
    return found | set(connection.execute(select(events.c.project_id).distinct()).scalars())
