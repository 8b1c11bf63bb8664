"""Structured logs: a JSON object a line on standard error, with the id of the request behind it."""

import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.uuids import new_uuid

SERVER_ERROR = 500

log = structlog.get_logger()

_JSON = structlog.processors.JSONRenderer()
_BY_ALL: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
]


def configure(level: str) -> None:
    """Write lines of this level and above: debug, info, warning or error.

    What libraries have to say by Python's own logging comes in the same shape, from warnings on.
    """
    structlog.configure(
        processors=[*_BY_ALL, structlog.processors.format_exc_info, _JSON],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_others()], force=True)


def _others() -> logging.Handler:
    """Return what writes the lines of libraries."""
    handler = logging.StreamHandler(sys.stderr)
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_BY_ALL,
            processors=[without_meta, structlog.processors.format_exc_info, _JSON],
        )
    )
    return handler


class RequestLog:
    """Gives each request an id, answers it as `X-Request-Id`, and logs what became of it.

    `watch` is told of it too: what was asked, the status, and the seconds.
    """

    def __init__(self, app: ASGIApp, watch: Callable[[Scope, int, float], None]) -> None:
        self._app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = str(new_uuid(datetime.now(UTC)))
        status = SERVER_ERROR
        structlog.contextvars.bind_contextvars(request_id=request_id)

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            self._watch(scope, status, seconds)
            write = log.warning if status >= SERVER_ERROR else log.debug
            write(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                milliseconds=round(seconds * 1000, 2),
            )
