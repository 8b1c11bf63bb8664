"""How a page says no: by a page."""

from typing import NamedTuple
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import errors
from api.errors import ApiError
from api.web.frame import Frame
from api.web.rendering import render, with_headers

SIGN_IN = "/sign-in"
UNAUTHENTICATED = 401

_TITLES = {
    400: "That cannot be asked",
    403: "This key may not do that",
    404: "There is nothing here",
    405: "That cannot be done here",
    409: "Something stands against it",
    412: "It has changed since you looked",
    413: "That is too much at once",
    503: "The store cannot answer at the moment",
}


class Refusal(NamedTuple):
    """What the page shows."""

    title: str
    detail: str
    status: int


def page(frame: Frame, error: Exception) -> Response:
    """Return the page that tells an error; who has to sign in first is led there.

    Raises:
        Exception: the error itself, if it is none that is ever told.
    """
    refusal = error if isinstance(error, ApiError) else errors.translated(error)
    if refusal is None:
        raise error
    if refusal.status == UNAUTHENTICATED:
        return with_headers(_to_sign_in(frame.request))
    title = _TITLES.get(refusal.status, "That did not work")
    view = Refusal(title, refusal.error.detail, refusal.status)
    response = render(frame, "refusal.html", status=refusal.status, view=view)
    response.headers.update(refusal.headers or {})
    return response


async def on_http(request: Request, error: Exception) -> Response:
    """Answer what no route answers: by a page where a browser looks for one."""
    assert isinstance(error, HTTPException)
    accepted = request.headers.get("accept", "")
    if "text/html" not in accepted or request.url.path.startswith("/api/"):
        return await errors.on_http(request, error)
    frame = Frame(request=request, at=request.app.state.store.clock())
    title = _TITLES.get(error.status_code, "That did not work")
    view = Refusal(title, f"{request.method} {request.url.path}", error.status_code)
    response = render(frame, "refusal.html", status=error.status_code, view=view)
    response.headers.update(error.headers or {})
    return response


def _to_sign_in(request: Request) -> Response:
    """Lead to where one signs in, and back; htmx is told to leave the page for it."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    query = {"next": here} if request.method == "GET" and here != "/" else {}
    address = f"{SIGN_IN}?{urlencode(query)}" if query else SIGN_IN
    if "hx-request" in request.headers:
        return Response(status_code=UNAUTHENTICATED, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)
