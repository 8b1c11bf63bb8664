"""PostgreSQL's pipeline mode: statements go out one by one, and nobody waits for answers."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from psycopg import OperationalError, waiting
from psycopg.abc import PQGen


@contextmanager
def pipelining(driver: Any) -> Iterator[None]:
    """Let the statements of the block go out without waiting; at its end all of them are out."""
    try:
        yield
    finally:
        # psycopg waits for answers also while it has not sent all. For what does not fit into the
        # socket the server then waits as well, and both of them for ever.
        with suppress(OperationalError):  # who commits on a lost connection is told
            driver.wait(_sending(driver.pgconn))


def _sending(connection: Any) -> PQGen[None]:
    while connection.flush():
        if (yield waiting.Wait.RW) & waiting.Ready.R:
            connection.consume_input()
