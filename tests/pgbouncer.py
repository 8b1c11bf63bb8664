"""A real PgBouncer in transaction mode, before a server of the tests."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from urllib.parse import SplitResult, urlsplit

import psycopg
import pytest

from tests.machine import database_folder, free_port
from tests.postgres_programs import USER

PATIENCE = 20  # seconds until it listens
POOL = 6  # connections to the server, which all clients share: fewer than our processes open

CONFIG = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = 200
logfile = {folder}/log
"""


@contextmanager
def bounced(database_url: str) -> Iterator[str]:
    """Give the URL of the same database by way of a PgBouncer, which runs meanwhile.

    Skips the test where there is none; where everything must be tested, that is a failure.
    """
    program = _program()
    with TemporaryDirectory(prefix="pgbouncer-", dir=database_folder()) as name:
        folder, port = Path(name), free_port()
        _configure(folder, urlsplit(database_url), port)
        process = subprocess.Popen(
            [program, "-q", folder / "config"],
            user=USER.pw_uid if USER else None,
            group=USER.pw_gid if USER else None,
            extra_groups=[] if USER else None,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = urlsplit(database_url)._replace(netloc=f"postgres@127.0.0.1:{port}").geturl()
            _wait(url, folder / "log")
            yield url
        finally:
            process.terminate()
            process.wait()


def _program() -> str:
    if found := shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin"):
        return found
    if os.environ.get("CI") == "true":
        pytest.fail("PgBouncer is not installed; .ci/pgbouncer does it")
    pytest.skip("PgBouncer is not installed")


def _configure(folder: Path, server: SplitResult, port: int) -> None:
    config = CONFIG.format(
        host=server.hostname, port=server.port, own_port=port, folder=folder, pool=POOL
    )
    (folder / "config").write_text(config)
    (folder / "users").write_text('"postgres" ""\n')
    if USER:
        for path in (folder, *folder.iterdir()):
            os.chown(path, USER.pw_uid, USER.pw_gid)


def _wait(url: str, log: Path) -> None:
    end = monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(url, prepare_threshold=None).close()
        except psycopg.OperationalError as error:
            if monotonic() > end:
                error.add_note(log.read_text() if log.exists() else "it wrote no log")
                raise
            sleep(0.02)
        else:
            return
