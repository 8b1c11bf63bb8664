"""What the tests take from the machine that they run on."""

import fcntl
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, mode: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold the lock at `path`, alone, or with LOCK_SH beside others that say LOCK_SH.

    It is free again when its process has ended, however it ended.
    """
    with path.open("a") as file:
        fcntl.flock(file, mode)
        yield


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
