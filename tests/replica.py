"""A real PostgreSQL with a streaming replica, both of them for one test alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import psycopg

from tests import postgres_programs
from tests.machine import free_port
from tests.postgres import start_server, started
from tests.postgres_programs import run

PATIENCE = 30  # seconds until the replica follows


@dataclass(frozen=True)
class Replicated:
    """Two servers: what is written to `url` can soon be read from `replica_url`."""

    url: str
    replica_url: str
    programs: Path
    data: Path

    def pause(self) -> None:
        """Let the replica follow no further; it answers as before."""
        self._tell("SELECT pg_wal_replay_pause()")
        self._wait_until("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def resume(self) -> None:
        """Let it follow again."""
        self._tell("SELECT pg_wal_replay_resume()")

    def stop(self) -> None:
        """Let the replica be gone."""
        run(self.programs / "pg_ctl", "stop", "-m", "immediate", "-D", self.data)

    def queries(self) -> int:
        """Return how many transactions the replica has ended since it started."""
        counted = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"
        with psycopg.connect(self.replica_url, autocommit=True) as connection:
            row = connection.execute(counted, ["postgres"]).fetchone()
        assert row
        return int(row[0])

    def _tell(self, statement: str) -> None:
        with psycopg.connect(self.replica_url, autocommit=True) as connection:
            connection.execute(statement)

    def _wait_until(self, question: str) -> None:
        end = monotonic() + PATIENCE
        with psycopg.connect(self.replica_url, autocommit=True) as connection:
            while connection.execute(question).fetchone() != (True,):
                assert monotonic() < end, question
                sleep(0.02)


@contextmanager
def replicated(folder: Path) -> Iterator[Replicated]:
    """Give a server with a replica that follows it, in this empty folder."""
    with started(folder) as home:
        url = (home / "url").read_text()
        programs = postgres_programs.find(home / "replica-programs")
        data, port = home / "replica", free_port()
        run(programs / "pg_basebackup", "-d", url, "-D", data, "-R", "-X", "stream", "-c", "fast")
        start_server(programs, data, home / "replica-log", port)
        replica_url = urlsplit(url)._replace(netloc=f"postgres@127.0.0.1:{port}").geturl()
        pair = Replicated(url, replica_url, programs, data)
        try:
            yield pair
        finally:
            if (data / "postmaster.pid").exists():
                pair.stop()
