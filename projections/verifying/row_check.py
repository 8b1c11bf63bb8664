"""Whether the rows of the live views are those that the events make: share by share."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table, func, select

from projections.rebuilding import shares
from projections.rebuilding.crew import Crew
from projections.verifying import share_check
from projections.verifying.differing import Differences, person_id
from projections.verifying.findings import Finding
from projections.verifying.share_check import TABLES, Checked, leads_to_persons


class RowCheck:
    """Compares the rows of projects with those that a crew makes of their events."""

    def __init__(self, connection: Connection, crew: Crew, lengths: Mapping[Any, int]) -> None:
        """Begin; `lengths` are the numbers of events of the projects."""
        self.rows: Counter[str] = Counter()  # of each table
        self._connection = connection
        self._crew = crew
        self._lengths = lengths
        self._unmade: list[Finding] = []
        self._differences = {name: Differences(table) for name, table in TABLES.items()}
        self._led_to: dict[str, Counter[Any]] = defaultdict(Counter)
        self._checks = self._begun(list(lengths))

    def finish(self, progress: Callable[[int], None]) -> None:
        """Wait for all that was begun; `progress` is told of some more events again and again."""
        for checked in self._checks:
            progress(checked.events)
            self._take(checked)
        for table in (each for each in TABLES.values() if not leads_to_persons(each)):
            self._look_for_more(table)

    @property
    def findings(self) -> list[Finding]:
        """Return all that is wrong."""
        differences = (each.findings() for each in self._differences.values())
        return [*self._unmade, *chain.from_iterable(differences)]

    def _begun(self, project_ids: list[Any], *, only: str | None = None) -> Iterator[Checked]:
        counts = {each: shares.count(self._lengths[each]) for each in project_ids}
        tasks = [share for each in counts for share in shares.shares(each, counts[each])]
        return self._crew.do(partial(share_check.check, only=only), tasks)

    def _take(self, checked: Checked) -> None:
        for each in checked.unmade:
            detail = f"the event cannot be replayed ({each.why}), so its person was not compared"
            id = person_id(each.person_id)
            self._unmade.append(Finding(checked.project_id, detail, each.position, id))
        for name, count in checked.rows.items():
            self.rows[name] += count
            self._led_to[name][checked.project_id] += count
        self._take_differences(checked)

    def _take_differences(self, checked: Checked) -> None:
        for name, differing in checked.differing.items():
            self._differences[name].add(differing)

    def _look_for_more(self, table: Table) -> None:
        """Find the rows to which no made one led, if there are any."""
        counted = {each: count(self._connection, table, each) for each in self._lengths}
        more = [each for each in counted if counted[each] > self._led_to[table.name][each]]
        self.rows[table.name] = sum(counted.values())
        for checked in self._begun(more, only=table.name):
            self._take_differences(checked)


def count(connection: Connection, table: Table, project_id: Any) -> int:
    """Return how many rows of a project a table has."""
    query = select(func.count()).select_from(table).where(table.c.project_id == project_id)
    return connection.execute(query).scalar_one()
