"""Proving that the store is right: the chain, and every row of every view, made anew and compared.

All of it sees one state of the database, so the service can write on meanwhile.
"""

import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection, MetaData, Table, func, select

from projections.chain_check import ChainCheck, Finding
from projections.folding import Folding
from projections.persons import persons
from projections.side import SideTables
from projections.views import PROJECTIONS
from storage import log
from storage.engine import Database

Progress = Callable[[int, int], None]
"""Called with the number of events done, and of those to be done in all."""


class Report(Struct, frozen=True, kw_only=True):
    """What was checked, and what was found wrong; `heads` are the digests that all rests on."""

    events: int
    persons: int
    rows: int
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
    """Check the chains, replay all events into scratch tables, and compare these with the live."""
    started = time.perf_counter()
    check = ChainCheck()
    with database.aside(is_snapshot=True) as connection, connection.begin() as transaction:
        folding = Folding(connection, PROJECTIONS, read=log.read_links, only=project_id)
        side = SideTables(connection, folding.projections, is_to_stay=False)
        side.create()
        while folding.next_chunk(check.watch):
            progress(sum(folding.done.values()), sum(folding.heads.values()))
        check.finish(connection, only=project_id)
        tables = [table for each in PROJECTIONS for table in each.tables]
        differences = [_differences(connection, side, table, project_id) for table in tables]
        findings = [*check.findings, *chain.from_iterable(differences)]
        counts = {table.name: _count(connection, side, table, project_id) for table in tables}
        transaction.rollback()
    return Report(
        events=sum(folding.done.values()),
        persons=counts[persons.name],
        rows=sum(counts.values()),
        seconds=time.perf_counter() - started,
        heads=check.digests(),
        findings=findings,
    )


def _count(connection: Connection, side: SideTables, table: Table, only: int | None) -> int:
    live = _in(side.live(), table)
    query = select(func.count()).select_from(live)
    if only is not None:
        query = query.where(live.c.project_id == only)
    return connection.execute(query).scalar_one()


def _differences(
    connection: Connection, side: SideTables, table: Table, only: int | None
) -> Iterator[Finding]:
    """Yield each row that is not in both, or has another value in some column."""
    live, made = _in(side.live(), table), _in(side.side, table)
    key = [column.name for column in table.primary_key]
    found = {_key(row, key): row for row in _only_in(connection, live, made, only)}
    wanted = {_key(row, key): row for row in _only_in(connection, made, live, only)}
    for each in sorted(found.keys() | wanted.keys(), key=str):
        row = found.get(each) or wanted[each]
        if each not in wanted:
            detail = f"{table.name}: row {_named(key, each)} is there and should not be"
        elif each not in found:
            detail = f"{table.name}: row {_named(key, each)} is missing"
        else:
            columns = [name for name, value in found[each].items() if value != wanted[each][name]]
            detail = f"{table.name}: row {_named(key, each)} differs in {', '.join(columns)}"
        person_id = row.get("person_id")
        yield Finding(
            row["project_id"],
            detail,
            row.get("position"),
            person_id if isinstance(person_id, UUID) else None,
        )


def _only_in(
    connection: Connection, one: Table, other: Table, only: int | None
) -> Iterator[dict[str, Any]]:
    queries = [
        select(table) if only is None else select(table).where(table.c.project_id == only)
        for table in (one, other)
    ]
    for row in connection.execute(queries[0].except_(queries[1])):
        yield dict(row._mapping)


def _in(schema: str, table: Table) -> Table:
    return table.to_metadata(MetaData(), schema=schema)


def _key(row: dict[str, Any], key: list[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in key)


def _named(key: list[str], values: tuple[Any, ...]) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(key, values, strict=True))
