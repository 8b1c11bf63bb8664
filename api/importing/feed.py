"""Carrying out many commands, one behind the other, beside a service or without one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from domain.commands import Command, Request
from domain.events import Actor
from projections.views import Views
from storage.engine import Database
from storage.transaction import Result
from storage.writer import MAX_COMMANDS, Writer

IN_FLIGHT = 2  # requests that wait for the writer, so that it need not wait for us

ACTOR = Actor("system", "import")
"""Who history says it was."""

Asked = TypeVar("Asked", bound=Command)


def carried_out(
    database: Database,
    project_id: int,
    commands: Iterable[Asked],
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[tuple[Asked, Result]]:
    """Yield each command with what became of it, once that is durable; they are taken one by one.

    Raises:
        StoreUnavailableError: the database does not answer; what was yielded is stored.
    """
    writer = Writer(database, Views())
    try:
        rest = iter(commands)
        waiting: deque[Iterator[tuple[Asked, Result]]] = deque()
        while chunk := list(islice(rest, MAX_COMMANDS)):
            waiting.append(_submitted(writer, project_id, chunk, clock()))
            if len(waiting) > IN_FLIGHT:
                yield from waiting.popleft()
        while waiting:
            yield from waiting.popleft()
    finally:
        writer.close()


def _submitted(
    writer: Writer, project_id: int, chunk: list[Asked], at: datetime
) -> Iterator[tuple[Asked, Result]]:
    request = Request(project_id=project_id, commands=list(chunk), actor=ACTOR, at=at)
    future = writer.submit(request)

    def answered() -> Iterator[tuple[Asked, Result]]:
        yield from zip(chunk, future.result().results, strict=True)

    return answered()
