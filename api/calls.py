"""One call of an operation: what it was asked, and what it can ask of the store."""

from collections.abc import Callable
from datetime import datetime
from typing import Concatenate, Generic, ParamSpec, TypeVar

from msgspec import Struct
from sqlalchemy import Connection
from starlette.requests import Request

from api.requests import Headers
from api.store import Store
from domain import commands
from domain.commands import Command, Done
from domain.errors import PersonsError
from domain.events import Actor
from storage.projects import Key, Project
from storage.transaction import Result

Query = TypeVar("Query", bound=Struct)
Body = TypeVar("Body", bound=Struct)
Content = TypeVar("Content")
Parameters = ParamSpec("Parameters")
Found = TypeVar("Found")


class Call(Struct, Generic[Query, Body], kw_only=True):
    """A request that was let in: who asks for what, in which project, and when.

    `id` is the path's; "" where the path has none.
    """

    request: Request
    headers: Headers
    store: Store
    project: Project
    key: Key
    at: datetime
    id: str
    query: Query
    body: Body

    async def read(
        self,
        query: Callable[Concatenate[Connection, int, Parameters], Found],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Found:
        """Return what a query of this project answers."""
        return await self.store.read(
            lambda connection: query(connection, self.project.id, *args, **kwargs)
        )

    async def try_all(self, asked: list[Command]) -> tuple[list[Result], dict[str, str]]:
        """Carry out commands; return what became of each, and the headers that tell up to where.

        Raises:
            StoreUnavailableError: nothing was stored.
        """
        actor = Actor("key", self.key.name)
        written = await self.store.write(
            commands.Request(project_id=self.project.id, commands=asked, actor=actor, at=self.at)
        )
        return written.results, position_header(written.position)

    async def write(self, command: Command) -> tuple[Done, dict[str, str]]:
        """Carry out one command; return what it came to, and the headers that tell up to where.

        Raises:
            PersonsError: the command was refused.
            StoreUnavailableError: nothing was stored.
        """
        (result,), headers = await self.try_all([command])
        if isinstance(result, PersonsError):
            raise result
        return result, headers


def position_header(position: int) -> dict[str, str]:
    """Return the header by which a write tells up to where one must see the log to see it."""
    return {"X-Position": str(position)}


class Answer(Struct, Generic[Content]):
    """What an operation gives back; Nothing is an empty body."""

    content: Content
    headers: dict[str, str] | None = None
