"""The routes of capture: read a request, translate it, write what it brings, answer.

Every path stands with and without its last slash, for some SDKs lose their events when they are
redirected; see `api.capture.cors` for who may read the answers.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.capture import sdk_config
from api.capture.delivery import RETRY, TRANSIENT, json_answer, position, translated, write
from api.capture.errors import CaptureError, Skipped
from api.capture.intake import MAX_REPLAY_BODY, json_text, read_body
from api.capture.shapes import ALIVE, CAPTURE, CAPTURE_V1, CONFIG, DISCARD, SCRIPT
from api.capture.v0 import Delivery, translate
from api.capture.v1_endpoint import capture_events
from api.public import Endpoint, Public, routes
from api.store import Store
from domain.errors import PersonsError
from storage.errors import StoreUnavailableError
from storage.transaction import Result, Written


async def capture(request: Request) -> Response:
    """GET or POST /e, /batch, /capture, …: take in events, and answer {"status": 1}."""
    return await _answered(request, _capture)


async def engage(request: Request) -> Response:
    """GET or POST /engage: as /e, but an event without a name is an `$identify`."""
    return await _answered(request, partial(_capture, default_event="$identify"))


async def discard(request: Request) -> Response:
    """GET or POST /s: accept a session recording, and throw it away."""
    return await _answered(request, _discard)


async def alive(request: Request) -> PlainTextResponse:
    """GET /_readiness, /_liveness: the process answers."""
    return PlainTextResponse("ok")


async def _answered(request: Request, endpoint: Endpoint) -> Response:
    """Return what the endpoint answers, or its refusal as plain text."""
    if request.method == "OPTIONS":
        return Response()
    try:
        return await endpoint(request)
    except CaptureError as error:
        return PlainTextResponse(error.detail, error.status)
    except StoreUnavailableError:
        return PlainTextResponse(TRANSIENT, 503, headers=RETRY)


async def _capture(request: Request, default_event: str | None = None) -> Response:
    store: Store = request.app.state.store
    now = store.clock()
    body = await read_body(request)
    query = _query(request)

    def translate_body() -> Delivery:
        text = json_text(body, query=query, headers=request.headers)
        return translate(text, query=query, now=now, default_event=default_event)

    delivery = await translated(body, translate_body)
    refused = len(delivery.skipped)
    written = await write(store, delivery.token, delivery.events, now, refused=refused)
    skipped = _skipped(delivery, written.results) if written else delivery.skipped
    return _accepted(query, skipped, written)


async def _discard(request: Request) -> Response:
    await read_body(request, MAX_REPLAY_BODY)
    return _accepted(_query(request), [], None)


def _query(request: Request) -> Mapping[str, str]:
    return request.query_params if request.scope["query_string"] else {}


def _skipped(delivery: Delivery, results: Sequence[Result]) -> list[Skipped]:
    """Return, in order, the events that were left out: the bad ones, and those refused.

    Raises:
        CaptureError: all that were good were refused.
    """
    refused = [
        Skipped(index, str(result))
        for index, result in zip(delivery.indexes, results, strict=True)
        if isinstance(result, PersonsError)
    ]
    if not refused:
        return delivery.skipped
    if len(refused) == len(results):
        raise CaptureError(400, refused[0].detail)
    return sorted(delivery.skipped + refused, key=lambda skipped: skipped.index)


def _accepted(
    query: Mapping[str, str], skipped: list[Skipped], written: Written | None
) -> Response:
    headers = position(written)
    if query.get("beacon") == "1":
        return Response(status_code=204, headers=headers)
    # Exactly 200, and no `quota_limited`: else some SDK sends again, or throws away what it has.
    return json_answer({"status": 1} | ({"skipped": skipped} if skipped else {}), headers=headers)


_BOTH = ("GET", "POST")

PUBLIC = [
    Public("/batch", "capture_batch", capture, CAPTURE, _BOTH),
    Public("/e", "capture_e", capture, CAPTURE, _BOTH),
    Public("/i/v0/e", "capture_v0_e", capture, CAPTURE, _BOTH),
    Public("/capture", "capture", capture, CAPTURE, _BOTH),
    Public("/track", "capture_track", capture, CAPTURE, _BOTH),
    Public("/i/v0/ai/batch", "capture_ai_batch", capture, CAPTURE, _BOTH),
    Public("/engage", "capture_engage", engage, CAPTURE, _BOTH),
    Public("/s", "capture_recording", discard, DISCARD, _BOTH),
    Public("/i/v1/analytics/events", "capture_v1", capture_events, CAPTURE_V1, ("POST",)),
    Public("/flags", "flags", sdk_config.flags, CONFIG, _BOTH),
    Public("/decide", "decide", sdk_config.decide, CONFIG, _BOTH),
    Public("/array/{token}/config.js", "config_script", sdk_config.config_script, SCRIPT),
    Public("/array/{token}/config", "config", sdk_config.config, CONFIG),
    Public("/_readiness", "readiness", alive, ALIVE),
    Public("/_liveness", "liveness", alive, ALIVE),
]
"""Every route of capture, and of what SDKs ask for besides."""

ROUTES = list(routes(PUBLIC, and_options=True))
