"""Verifying in the background, on a schedule, and what the last verification came to."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread

import structlog
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from api.public import Public, Said, Told
from domain.values import encode
from projections.verifying.verifications import Summary, last
from storage.alone import alone
from storage.engine import Database

LOOK = 30.0  # seconds between two looks whether it is time
POLL = 0.5  # seconds between two looks whether it is done
VERIFY_LOCK = 7_736_222  # another of PostgreSQL's advisory locks: see `storage.migrate`

COMMAND = [sys.executable, "-m", "api.cli", "verify"]

log = structlog.get_logger()


class Verifying:
    """Lets the whole store be verified every so many hours, on behalf of all its processes.

    `persons verify` does it, beside the service: it is work that requests must not wait for.
    """

    def __init__(
        self, database: Database, clock: Callable[[], datetime], *, hours: float, look: float = LOOK
    ) -> None:
        """Start the thread, unless `hours` is 0; it looks every `look` seconds if it is time."""
        self._database = database
        self._clock = clock
        self._pause = timedelta(hours=hours)
        self._look = look
        self._is_closed = Event()
        self._thread = Thread(target=self._run, name="verifying", daemon=True)
        if hours:
            self._thread.start()

    def close(self) -> None:
        """End the thread; a verification that is under way is given up."""
        self._is_closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._is_closed.wait(self._look):
            try:
                if self._is_time():
                    with alone(self._database, VERIFY_LOCK) as is_alone:
                        if is_alone and self._is_time():
                            self._verify()
            except SQLAlchemyError as error:
                log.warning("cannot verify now", error=repr(error))

    def _is_time(self) -> bool:
        with self._database.reading() as connection:
            summary = last(connection)
        return summary is None or summary.finished_at + self._pause <= self._clock()

    def _verify(self) -> None:
        url = self._database.url.render_as_string(hide_password=False)
        process = subprocess.Popen(
            COMMAND,
            env=os.environ | {"DATABASE_URL": url},
            stdin=subprocess.DEVNULL,
            # What is wrong is told to who asks for it: it may be personal.
            stdout=subprocess.DEVNULL,
        )
        while process.poll() is None:
            if self._is_closed.wait(POLL):
                process.terminate()
                process.wait()
                return
        tell = log.info if process.returncode == 0 else log.error
        tell("verified", status=process.returncode)


class Never(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing was verified yet."""


async def verified(request: Request) -> Response:
    """GET /_verify: what the last verification of all projects came to; {} before the first."""
    summary = await request.app.state.store.read(last)
    content = encode(summary) if summary else b"{}"
    return Response(content, media_type="application/json")


_VERIFY = Told(
    tag="health", answers={200: Said("What was found, or {} before the first.", [Summary, Never])}
)

PUBLIC = [Public("/_verify", "verify", verified, _VERIFY)]
