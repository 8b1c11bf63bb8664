"""The trees' own thread: it keeps what the logs have grown by, behind all that writes."""

from threading import Event, Thread

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from storage.alone import alone
from storage.engine import Database
from storage.errors import TamperedError
from storage.schema import logs
from storage.tree import BLOCK, grow

INTERVAL = 0.5  # seconds between two looks
GROWTH_LOCK = 7_736_221  # another of PostgreSQL's advisory locks: see `storage.migrate`

log = structlog.get_logger()


class TreeGrowth:
    """Lets the trees of all projects grow, until it is closed."""

    def __init__(self, database: Database) -> None:
        """Start the thread."""
        self._database = database
        self._seen: dict[int, int] = {}
        self._is_closed = Event()
        self._thread = Thread(target=self._run, name="trees", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; what it leaves behind, the next one does."""
        self._is_closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_closed.wait(INTERVAL):
            try:
                grown = self._grown()
                if grown:
                    with alone(self._database, GROWTH_LOCK) as is_alone:
                        self._follow(grown if is_alone else {})
            except SQLAlchemyError as error:
                log.warning("trees do not grow now", error=repr(error))

    def _grown(self) -> dict[int, int]:
        """Return the heads of the logs that have grown by a block since they were followed."""
        query = select(logs.c.project_id, logs.c.position).where(logs.c.position >= BLOCK)
        with self._database.reading() as connection:
            heads = [(row.project_id, row.position) for row in connection.execute(query)]
        return {id: head for id, head in heads if head - self._seen.get(id, 0) >= BLOCK}

    def _follow(self, heads: dict[int, int]) -> None:
        for project_id, head in heads.items():
            try:
                while grow(self._database, project_id):
                    if self._is_closed.is_set():
                        return
            except TamperedError as error:
                log.warning("a tree does not grow", project=project_id, error=str(error))
            self._seen[project_id] = head // BLOCK * BLOCK
