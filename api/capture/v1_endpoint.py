"""The endpoint of capture v1: per-event verdicts, and errors as JSON."""

from starlette.requests import Request
from starlette.responses import Response

from api.capture import v1
from api.capture.delivery import RETRY, TRANSIENT, json_answer, position, translated, write
from api.capture.errors import CaptureError
from api.capture.inflating import inflate
from api.capture.intake import read_body
from api.store import Store
from storage.errors import StoreUnavailableError

_DOCS = "https://posthog.com/docs/api/capture"
_MAY_BE_RETRIED = frozenset({408, 429, 503})


async def capture_events(request: Request) -> Response:
    """POST /i/v1/analytics/events: take in events, and answer with a verdict on each."""
    if request.method == "OPTIONS":
        return Response()
    try:
        response = await _capture_events(request)
    except CaptureError as error:
        response = _error(error.status, error.tag, error.detail)
    except StoreUnavailableError:
        response = _error(503, "service_unavailable", TRANSIENT)
    if request_id := request.headers.get("posthog-request-id"):
        response.headers["PostHog-Request-Id"] = request_id
    return response


async def _capture_events(request: Request) -> Response:
    store: Store = request.app.state.store
    now = store.clock()
    sender = v1.sender(request.headers)
    encoding = request.headers.get("content-encoding", "").strip().lower()
    body = await read_body(request)

    def translate() -> v1.Delivery:
        text = inflate(body, encoding) if body else b""
        return v1.translate(text, sender, now=now)

    delivery = await translated(body, translate)
    events = list(delivery.events.values())
    refused = len(delivery.dropped) + len(delivery.skipped)
    written = await write(store, sender.token, events, now, refused=refused)
    verdicts = v1.verdicts(delivery, written.results if written else [])
    answer = {"results": verdicts} | ({"skipped": delivery.skipped} if delivery.skipped else {})
    return json_answer(answer, headers=position(written))


def _error(status: int, tag: str, detail: str) -> Response:
    error = {"error": tag, "error_description": detail, "error_uri": _DOCS}
    headers = RETRY if status in _MAY_BE_RETRIED else {}
    return json_answer(error, status=status, headers=headers)
