"""The service to measure: a real process with its default settings, and what it uses."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from tests.server import Server

TICKS = os.sysconf("SC_CLK_TCK")  # a second


class Service:
    """`persons serve` at work."""

    token = Server.token
    key = Server.key

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self.port = int(urlsplit(server.url).port or 0)
        self._process = Path("/proc", str(server.process.pid))

    def processor(self) -> float:
        """Return the seconds of processor time that it has used so far."""
        after_name = (self._process / "stat").read_text().rpartition(")")[2].split()
        user, system = after_name[11:13]
        return (int(user) + int(system)) / TICKS

    def peak(self) -> float:
        """Return the most memory that it ever had, in MiB."""
        found = re.search(r"VmHWM:\s+(\d+) kB", (self._process / "status").read_text())
        assert found
        return int(found[1]) / 1024


@contextmanager
def serving(url: str) -> Iterator[Service]:
    """Serve a database, with one worker."""
    with TemporaryDirectory() as folder:
        server = Server(Path(folder), url)
        try:
            yield Service(server)
        finally:
            server.stop()
