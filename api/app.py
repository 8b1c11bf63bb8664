"""The HTTP service: all routes on one store."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from api import fixed_paths, routes, settings
from api.capture.cors import CaptureCors
from api.databases import open_database, open_replica
from api.errors import HANDLERS
from api.service import logs, stopping
from api.service.garbage import spare_collector
from api.service.in_flight import Admission, InFlight
from api.service.metrics import RequestMetrics
from api.service.rates import Rates
from api.service.route_names import RouteNames
from api.settings import Settings
from api.store import Store
from api.web import refusals
from api.web import routes as web

DEFAULTS = Settings()


ROUTES = [*routes.ROUTES, *web.ROUTES]


def create(open_store: Callable[[], Store], chosen: Settings = DEFAULTS) -> Starlette:
    """Return the service; its store is opened when it starts, and closed when it has stopped."""
    in_flight = InFlight(chosen.persons_max_requests, max_bytes=chosen.persons_max_body_mib * 2**20)

    async def hold() -> None:
        await asyncio.sleep(chosen.persons_drain_seconds)
        await in_flight.finished(seconds=stopping.STOP_TIMEOUT)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        with stopping.noticed(hold) as app.state.stopping:
            app.state.store = open_store()
            yield
            app.state.store.close()

    app = Starlette(
        routes=fixed_paths.ordered(ROUTES),
        exception_handlers=HANDLERS | {HTTPException: refusals.on_http},
        middleware=[
            Middleware(logs.RequestLog, RequestMetrics(RouteNames(ROUTES))),
            Middleware(stopping.LastAnswers),
            Middleware(CaptureCors),
            Middleware(Admission, in_flight),
        ],
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.site_url = chosen.site_url
    app.state.rates = Rates(chosen.persons_rate_limit)
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
            query_seconds=chosen.persons_query_seconds,
            replica=open_replica(chosen),
        ),
        chosen,
    )
    spare_collector()
    return app
