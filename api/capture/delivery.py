"""What both versions of capture do between the body of a request and the answer to it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.capture.errors import CaptureError
from api.service import metrics
from api.store import Store
from domain.captured import CapturedEvent
from domain.commands import Capture, Request
from domain.events import Actor
from domain.values import JSON, encode
from storage.transaction import Written

LARGE = 2**18  # bytes of a body that must not keep all other requests waiting
RETRY = {"Retry-After": "1"}  # seconds
TRANSIENT = "transient error, please retry"

Answer = TypeVar("Answer")


async def translated(body: bytes, translate: Callable[[], Answer]) -> Answer:
    """Return what `translate` returns; with a large body it runs in a thread."""
    return await run_in_threadpool(translate) if len(body) > LARGE else translate()


async def write(
    store: Store, token: str, events: Sequence[CapturedEvent], now: datetime, *, refused: int
) -> Written | None:
    """Write captured events to the project of a token; None where there are none.

    `refused` is the number of those that came with them and are bad.

    Raises:
        CaptureError: the token is no project's.
        StoreUnavailableError: nothing was stored.
    """
    project = await store.project_by_token(token)
    if project is None:
        detail = "API key is not valid: no project has this project API key"
        raise CaptureError(401, detail, tag="invalid_api_token")
    if not events:
        metrics.captured([], refused=refused)
        return None
    request = Request(
        project_id=project.id,
        commands=[Capture(captured) for captured in events],
        actor=Actor("token", project.token),
        at=now,
    )
    written = await store.write(request)
    metrics.captured(written.results, refused=refused)
    return written


def position(written: Written | None) -> dict[str, str]:
    """Return the header that says from where on a reader sees what was written."""
    return {"X-Position": str(written.position)} if written else {}


def json_answer(value: JSON, *, headers: dict[str, str], status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(encode(value), status, headers, media_type="application/json")
