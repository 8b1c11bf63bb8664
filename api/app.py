"""The HTTP service: all routes on one store."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware

from api import capture_routes, health, logs, routes, settings
from api.errors import HANDLERS
from api.store import Store, open_database


def create(open_store: Callable[[], Store]) -> Starlette:
    """Return the service; its store is opened when it starts, and closed when it has stopped."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.store = open_store()
        yield
        app.state.store.close()

    app = Starlette(
        routes=[*health.ROUTES, *capture_routes.ROUTES, *routes.ROUTES],
        exception_handlers=HANDLERS,
        middleware=[Middleware(logs.RequestLog)],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def from_environment() -> Starlette:
    """Return the service that the environment asks for: what each worker process runs."""
    chosen = settings.read(os.environ)
    logs.configure(chosen.log_level)
    return create(lambda: Store(open_database(chosen)))
