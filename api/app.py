"""The HTTP service: all routes on one store."""

import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from starlette.applications import Starlette
from starlette.middleware import Middleware

from api import capture_routes, fixed_paths, health, logs, routes, settings, stopping, verifying
from api.errors import HANDLERS
from api.store import Store, open_database

GARBAGE = 10_000  # objects more than before, after which their garbage is collected


def create(open_store: Callable[[], Store], *, site_url: str | None = None) -> Starlette:
    """Return the service; its store is opened when it starts, and closed when it has stopped.

    `site_url`: how clients reach it, for links; None for what each request says.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with stopping.noticed() as app.state.stopping:
            app.state.store = open_store()
            yield
            app.state.store.close()

    every = [*routes.ROUTES, *capture_routes.ROUTES, *health.ROUTES, *verifying.ROUTES]
    app = Starlette(
        routes=fixed_paths.ordered(every),
        exception_handlers=HANDLERS,
        middleware=[Middleware(logs.RequestLog)],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.site_url = site_url
    return app


def from_environment() -> Starlette:
    """Return the service that the environment asks for: what each worker process runs."""
    chosen = settings.read(os.environ)
    logs.configure(chosen.log_level)
    app = create(
        lambda: Store(
            open_database(chosen),
            audit_key=settings.audit_key(chosen),
            verify_hours=chosen.persons_verify_hours,
            retention=timedelta(days=chosen.persons_retention_days),
            purges=True,
        ),
        site_url=chosen.site_url,
    )
    # What is there by now stays; to look through it for garbage would stop all requests.
    gc.freeze()
    gc.set_threshold(GARBAGE)
    return app
