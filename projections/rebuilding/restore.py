"""Bringing a project back from its export: the log as it was, and all views with it.

Each transaction takes the project from one position of its log to a later one, with all that had
come in until then. So whatever ends an import, the head of the log says where the next one goes on;
what stands behind the head is never written again.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from msgspec import Struct
from sqlalchemy import Connection

from projections.rebuilding.folding import Folding, before_by_views
from projections.views import PROJECTIONS
from storage import chain, exported_rows, log, projects
from storage.access import projects_of
from storage.engine import Database
from storage.errors import ImportRefusedError
from storage.export_format import AsOf, Content, End, Event, Header, Line
from storage.projects import Project

CHUNK = 2_000  # lines that are written at once, and after which a transaction may end


class Restored(Struct, frozen=True, kw_only=True):
    """What an import came to: `events` and `lines` say how much was new here.

    `kept` are those of the project's fields that were others here already, and stay so.
    """

    project_id: int
    is_new_project: bool
    events: int
    lines: int
    as_of: AsOf
    kept: list[str]


def restore(database: Database, lines: Iterable[Line]) -> Restored:
    """Write what an export says and its project does not have yet. The export must be a right one.

    Raises:
        ImportRefusedError: the project's log is another one, or the token another project's.
    """
    rest = iter(lines)
    header = next(rest)
    assert isinstance(header, Header)
    restoring = _Restoring(database, header)
    for _, group in groupby(restoring.ahead(rest), key=_Transactions()):
        restoring.write(group)
    return restoring.result()


class _Transactions:
    """Tells lines of one transaction from those of the next, which begins with an event."""

    def __init__(self) -> None:
        self._number = 0
        self._lines = 0

    def __call__(self, line: Content) -> int:
        self._lines += 1
        if self._lines > CHUNK and isinstance(line, Event):
            self._number += 1
            self._lines = 1
        return self._number


class _Restoring:
    """An import at work, and how far the log has come by it."""

    def __init__(self, database: Database, header: Header) -> None:
        self._database = database
        self._header = header
        self._lines = 0
        with database.writing() as connection:
            self._kept = _project(connection, header.project)
            head = log.lock(connection, header.project.id)
            self._common = self._position_in_common(connection, head)
        self._start = head.position
        self._position, self._digest = head.position, head.digest

    def _position_in_common(self, connection: Connection, head: log.Head) -> tuple[int, bytes]:
        """Return the last position that both logs have, and the digest that it has here."""
        last = self._header.as_of.position
        if head.position <= last:
            return head.position, head.digest
        if not last:
            return 0, chain.GENESIS
        (row,) = log.read_links(connection, head.project_id, after=last - 1, limit=1)
        return last, row.digest

    def ahead(self, lines: Iterable[Line]) -> Iterator[Content]:
        """Yield what the project does not have yet.

        Raises:
            ImportRefusedError: the two logs are not the same up to where both go.
        """
        position, digest = self._common
        is_ahead = self._start == 0
        for line in lines:
            if isinstance(line, Header | End):
                continue
            if isinstance(line, Event):
                if line.position == position and line.digest != digest.hex():
                    raise ImportRefusedError(
                        f"the log of project {self._header.project.id} is another one: at position "
                        f"{position} its digest is {digest.hex()}, that of the file {line.digest}"
                    )
                is_ahead = line.position > self._start
            if is_ahead:
                yield line

    def write(self, lines: Iterator[Content]) -> None:
        """Write lines, and bring all views up to them, in one transaction."""
        project_id = self._header.project.id
        with self._database.writing() as connection:
            head = log.lock(connection, project_id)
            if (head.position, head.digest) != (self._position, self._digest):
                raise ImportRefusedError(f"somebody else writes to project {project_id} as well")
            folding = Folding(connection, PROJECTIONS, before=before_by_views, only=project_id)
            folding.done[project_id] = head.position
            while part := list(islice(lines, CHUNK)):
                exported_rows.append(connection, head, part)
                while folding.next_chunk():
                    pass
                self._lines += len(part)
        self._position, self._digest = head.position, head.digest

    def result(self) -> Restored:
        """Return what was done."""
        return Restored(
            project_id=self._header.project.id,
            is_new_project=self._kept is None,
            events=self._position - self._start,
            lines=self._lines,
            as_of=self._header.as_of,
            kept=self._kept or [],
        )


def _project(connection: Connection, wanted: Project) -> list[str] | None:
    """Let the project be there; return the fields that it has otherwise, None for a new one."""
    if not 0 < wanted.id <= projects.MAX_ID:
        raise ImportRefusedError(f"{wanted.id} is no project's number")
    here = projects.by_ids(connection, [wanted.id]).get(wanted.id)
    if here:
        fields = ("name", "token", "settings")
        return [name for name in fields if getattr(here, name) != getattr(wanted, name)]
    if projects_of(connection, [wanted.token]):
        raise ImportRefusedError("the token in the file is another project's here")
    projects.add(connection, wanted)
    return None
