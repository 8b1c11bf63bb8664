"""What the tests take from the machine that they run on."""

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 2**30  # bytes


def database_folder() -> Path:
    """Return where databases belong: in memory where it has room, which is ten times faster.

    A file outlives a killed process there too; only a power cut would tell the difference.
    """
    fits = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    # In /tmp, not below it: every user can reach it, and a socket's path stays short enough.
    return MEMORY if fits else Path("/tmp")


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
