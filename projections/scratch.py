"""Scratch views: all events folded anew, beside the live ones, and checked as they go by."""

from collections.abc import Callable

from sqlalchemy import Connection

from projections.chain_check import ChainCheck
from projections.findings import Finding
from projections.folding import CHUNK, Folding
from projections.log_pages import Page, Unreadable, read_page
from projections.side import SideTables
from projections.views import PROJECTIONS


class Scratch:
    """The scratch views, empty at first. Those of a log in `broken` cannot be made."""

    def __init__(self, connection: Connection, progress: Callable[[int], None]) -> None:
        """Make them on this connection: they are gone when its transaction is rolled back.

        `progress` is told the number of events done.
        """
        self.findings: list[Finding] = []
        self.broken: set[int] = set()
        self.done = 0
        self._connection = connection
        self._progress = progress
        self._folding = Folding(connection, PROJECTIONS)
        self.side = SideTables(connection, self._folding.projections, is_to_stay=False)
        self.side.create()

    def follow(self, project_id: int) -> ChainCheck:
        """Check a log and fold it."""
        check = ChainCheck(self._connection, project_id)
        after = 0
        while page := read_page(self._connection, project_id, after=after, limit=CHUNK):
            check.watch(page)
            if project_id not in self.broken:
                self._fold(project_id, after, page)
            after = page[-1].position
            self.done += len(page)
            self._progress(self.done)
        check.finish()
        return check

    def _fold(self, project_id: int, after: int, page: Page) -> None:
        """Fold a page. Where it was tampered with, whatever comes of that is a finding."""
        try:
            if any(isinstance(row, Unreadable) for row in page):
                raise ValueError("not all of them can be read")
            with self._connection.begin_nested():
                self._folding.fold(project_id, after, page)
        except Exception as error:
            self.broken.add(project_id)
            detail = (
                f"events {after + 1} to {page[-1].position} cannot be replayed"
                f" ({type(error).__name__}), so the views were not compared"
            )
            self.findings.append(Finding(project_id, detail, after + 1))
