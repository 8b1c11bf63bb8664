"""Turns: one process at a time, and in it one thread, does what nobody else may do meanwhile."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import IO

from storage.errors import StoreInUseError


class Turns:
    """Turns at what a lock file stands for. Who has the turn may take it again inside."""

    def __init__(self, path: Path) -> None:
        """Use this lock file; it is made when it is first needed, and stays."""
        self._path = path
        self._lock = RLock()
        self._depth = 0
        self._file: IO[str] | None = None

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for the turn, and have it while inside."""
        with self._lock:
            if self._file is None:
                self._file = self._path.open("w")
            if self._depth == 0:
                fcntl.flock(self._file, fcntl.LOCK_EX)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the lock file, until a turn is taken again."""
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None


def hold(path: Path, what: str) -> IO[str]:
    """Return a lock file that is ours until it is closed or the process ends.

    Raises:
        StoreInUseError: another process holds it; the text says what is in use.
    """
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StoreInUseError(f"another service already runs on {what}") from None
    return lock
