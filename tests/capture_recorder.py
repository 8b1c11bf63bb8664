"""Capture's routes alone, on something that only remembers what it was asked to write."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware

from api.capture import routes as capture_routes
from api.capture.cors import CaptureCors
from domain.commands import Done, Request
from domain.errors import InvalidValueError, PersonsError
from domain.settings import Settings
from storage.errors import StoreUnavailableError
from storage.projects import Project
from storage.transaction import Written

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


class Recorder:
    """Stands where the store stands, and remembers what it was asked to write: no rule is here."""

    def __init__(self) -> None:
        self.written: list[Request] = []
        self.refuses: set[str] = set()
        self.is_down = False

    def clock(self) -> datetime:
        return NOW

    async def project_by_token(self, token: str) -> Project | None:
        settings = Settings()
        project = Project(id=7, name="seven", token="phc_t", settings=settings, created_at=NOW)
        return project if token == project.token else None

    async def write(self, request: Request) -> Written:
        if self.is_down:
            raise StoreUnavailableError("nothing was stored")
        self.written.append(request)
        results = [self._result(command) for command in request.commands]
        return Written(results=results, position=41)

    def _result(self, command: Any) -> Done | PersonsError:
        if command.captured.event in self.refuses:
            return InvalidValueError("no")
        return Done(person_id=UUID(int=1), version=1)

    @property
    def events(self) -> list[str]:
        """The names of the events written."""
        return [each.captured.event for one in self.written for each in one.commands]  # type: ignore[union-attr]


class Client:
    """Sends requests to capture's routes, without a network."""

    def __init__(self, store: Recorder) -> None:
        self._app = Starlette(routes=capture_routes.ROUTES, middleware=[Middleware(CaptureCors)])
        self._app.router.redirect_slashes = False
        self._app.state.store = store

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._ask(method, path, options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("POST", path, **options)

    def options(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("OPTIONS", path, **options)

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://capture") as client:
            return await client.request(method, path, **options)
