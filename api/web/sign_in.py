"""Signing in with an API key, and out."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.auth import authenticate
from api.errors import ApiError
from api.web import sessions
from api.web.frame import Frame
from api.web.pages import read_form
from api.web.refusals import SIGN_IN, UNAUTHENTICATED, page
from api.web.rendering import render, with_headers

FIRST_PAGE = "/persons"


class Form(Struct, frozen=True):
    """What one signs in with, and where to go then."""

    key: str = ""
    next: str = ""


class View(Struct, frozen=True):
    """What the page shows: where to go then, and why it did not work."""

    next: str = ""
    detail: str = ""


async def sign_in(request: Request) -> Response:
    """GET /sign-in: the form. POST /sign-in: begin a session, if the key opens something."""
    if request.method != "POST":
        view = View(next=sessions.local(request.query_params.get("next", "/")))
        return render(_frame(request), "sign_in.html", view=view)
    form = Form()
    try:
        sessions.check_origin(request)
        form = await read_form(request, Form)
        await authenticate(request.app.state.store, f"Bearer {form.key}")
    except Exception as error:
        return _refused(request, form, error)
    response = RedirectResponse(sessions.local(form.next), 303)
    sessions.begin(response, request, form.key.strip())
    return with_headers(response)


async def sign_out(request: Request) -> Response:
    """POST /sign-out: end the session."""
    try:
        sessions.check_origin(request)
    except ApiError as error:
        return page(_frame(request), error)
    response = RedirectResponse(SIGN_IN, 303)
    sessions.end(response)
    return with_headers(response)


async def first(request: Request) -> Response:
    """GET /: lead to the first page, or to sign in."""
    address = FIRST_PAGE if sessions.key_in(request) else SIGN_IN
    return with_headers(RedirectResponse(address, 303))


def _refused(request: Request, form: Form, error: Exception) -> Response:
    if not (isinstance(error, ApiError) and error.status == UNAUTHENTICATED):
        return page(_frame(request), error)  # raises what is never told
    detail = "This key opens nothing: it is mistyped, or it was revoked."
    view = View(sessions.local(form.next), detail if form.key.strip() else "A key is needed.")
    return render(_frame(request), "sign_in.html", status=UNAUTHENTICATED, view=view)


def _frame(request: Request) -> Frame:
    return Frame(request=request, at=request.app.state.store.clock())
