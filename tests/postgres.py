"""A real PostgreSQL in a temporary folder, one for all processes of a test run."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier

from tests import postgres_programs
from tests.machine import database_folder, free_port, locked
from tests.postgres_programs import USER, run

CONNECTIONS = 200  # that a server takes; a replica must take as many


@dataclass(frozen=True)
class Postgres:
    """A server that runs; `url` leads to a database from which others can be created."""

    url: str

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the URL of a new, empty database, and drop it afterwards."""
        name = f"test_{uuid4().hex}"
        create = SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
        drop = SQL("DROP DATABASE {} WITH (FORCE)")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(create.format(Identifier(name)))
            try:
                yield urlsplit(self.url)._replace(path=f"/{name}").geturl()
            finally:
                connection.execute(drop.format(Identifier(name)))


@contextmanager
def running(shared: Path, *, place: Path | None = None) -> Iterator[Postgres]:
    """Give the one server of all who name this folder: it runs from the first to the last of them.

    Its files lie in `place`, or else where they are quickest. TEST_DATABASE_URL, where it is set,
    names a server that runs already.
    """
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield Postgres(url)
        return
    with started(shared, place=place) as folder:
        yield Postgres((folder / "url").read_text())


@contextmanager
def started(shared: Path, *, place: Path | None = None) -> Iterator[Path]:
    """Give the folder of the one server of all who name the folder `shared`, as `running` does.

    In it are its `url` and its `data`; it goes when the server stops.
    """
    server = shared / "postgres"  # a link to its folder
    with locked(shared / "postgres.users", fcntl.LOCK_SH):
        with locked(shared / "postgres.start"):
            if not server.exists():
                server.unlink(missing_ok=True)
                server.symlink_to(_start(shared / "postgres.users", place or database_folder()))
        yield server.resolve()


def _start(users: Path, place: Path) -> Path:
    folder = Path(mkdtemp(prefix="postgres-", dir=place))
    programs = postgres_programs.find(folder / "programs")
    _give_away(folder)
    data, log, port = folder / "data", folder / "log", free_port()
    # Only these first files are not synced: the server keeps its durable defaults.
    initdb = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    run(programs / "initdb", "-D", data, *initdb)
    start_server(programs, data, log, port)
    (folder / "url").write_text(f"postgresql://postgres@127.0.0.1:{port}/postgres")
    _watch(users, folder, programs)
    return folder


def start_server(programs: Path, data: Path, log: Path, port: int) -> None:
    """Start a server on its files, and wait until it answers; its sockets lie beside them."""
    options = f"-p {port} -h 127.0.0.1 -k {data.parent} -c max_connections={CONNECTIONS}"
    try:
        run(programs / "pg_ctl", "start", "-w", "-D", data, "-l", log, "-o", options)
    except RuntimeError as error:
        error.add_note(log.read_text())
        raise


def _give_away(folder: Path) -> None:
    if USER:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, USER.pw_uid, USER.pw_gid, follow_symlinks=False)


def _watch(users: Path, folder: Path, programs: Path) -> None:
    # A session of its own: what ends the tests, Ctrl-C or a kill, leaves it to stop the server.
    with users.open() as file:
        watch = [sys.executable, "-m", __name__, str(file.fileno()), str(folder), str(programs)]
        subprocess.run(
            ["sh", "-c", '"$@" >/dev/null 2>&1 &', "sh", *watch],
            check=True,
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            pass_fds=[file.fileno()],
            start_new_session=True,
        )


def _stop_after_the_last(users: int, folder: Path, programs: Path) -> None:
    fcntl.flock(users, fcntl.LOCK_EX)
    try:
        run(programs / "pg_ctl", "stop", "-m", "fast", "-D", folder / "data")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    _stop_after_the_last(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
