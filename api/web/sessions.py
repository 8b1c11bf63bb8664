"""Sessions: a cookie bears the API key, and every page authenticates it anew."""

from urllib.parse import quote, unquote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from api.errors import ApiError, Error

COOKIE = "persons_key"


def key_in(request: Request) -> str:
    """Return the API key that a browser was given at its sign-in; "" for none."""
    return unquote(request.cookies.get(COOKIE, ""))


def begin(response: Response, request: Request, key: str) -> None:
    """Let the browser keep a key until it is closed, out of reach of scripts and other sites."""
    is_https = urlsplit(_site(request)).scheme == "https"
    value = quote(key, safe="")
    response.set_cookie(COOKIE, value, httponly=True, samesite="strict", secure=is_https)


def end(response: Response) -> None:
    """Let the browser forget the key."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


def check_origin(request: Request) -> None:
    """Refuse what was not sent by a page of ours.

    Browsers say where a request comes from: by `Sec-Fetch-Site` where the connection is safe, and
    by `Origin` for everything that can change something.

    Raises:
        ApiError: 403.
    """
    fetched = request.headers.get("sec-fetch-site")
    if fetched is None:
        origin = urlsplit(request.headers.get("origin", "")).netloc
        is_ours = origin in (request.headers.get("host"), urlsplit(_site(request)).netloc)
    else:
        is_ours = fetched == "same-origin"
    if not is_ours:
        detail = "This was sent from another site, so it was not done."
        raise ApiError(403, Error("authentication_error", "permission_denied", detail))


def local(address: str) -> str:
    """Return an address if it is a path of this site, else that of its first page."""
    parts = urlsplit(address)
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    if is_path and address.isprintable() and not parts.scheme and not parts.netloc:
        return address
    return "/"


def _site(request: Request) -> str:
    return getattr(request.app.state, "site_url", None) or str(request.base_url)
