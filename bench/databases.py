"""Databases to measure on: a SQLite file and a real PostgreSQL, both fresh and temporary.

Both are where temporary files go, so that a commit costs what the disk takes for it; with TMPDIR in
memory it costs nothing, and what is left is the work.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from tests.postgres import running

KINDS = ("sqlite", "postgresql")


@contextmanager
def fresh(kind: str) -> Iterator[str]:
    """Give the URL of an empty database."""
    with TemporaryDirectory() as folder:
        if kind == "sqlite":
            yield f"sqlite:///{folder}/persons.db"
            return
        with running(Path(folder), place=Path(gettempdir())) as server, server.database() as url:
            yield url
