"""Links from one page of an answer to the next and to the one before."""

from typing import Annotated, TypeAlias
from urllib.parse import parse_qsl, quote, urlencode

from msgspec import Meta
from starlette.requests import Request

MAX_BIGINT = 2**63 - 1

Limit: TypeAlias = Annotated[int, Meta(ge=1, le=MAX_BIGINT, description="rows on a page")]
PageNumber: TypeAlias = Annotated[int, Meta(ge=1, le=2**31, description="the first page is 1")]
After: TypeAlias = Annotated[
    int, Meta(ge=0, le=MAX_BIGINT, description="a position of the log; what is behind it follows")
]
Offset: TypeAlias = Annotated[int, Meta(ge=0, le=MAX_BIGINT, description="rows to pass over")]


def offset_links(
    request: Request, *, limit: int, offset: int, total: int
) -> tuple[str | None, str | None]:
    """Return the URLs of the next and the previous page of `total` rows; None at the ends."""
    following = before = None
    if offset + limit < total:
        following = link(request, limit=limit, offset=offset + limit)
    if offset > 0:
        before = link(request, limit=limit, offset=max(offset - limit, 0))
    return following, before


def link(request: Request, **changed: int | str | None) -> str:
    """Return the URL of the request with these query parameters; None takes one out.

    It begins as the setting SITE_URL says, or else as the client reached us.
    """
    text = request.scope["query_string"].decode("utf-8", "replace")
    kept = [pair for pair in parse_qsl(text, keep_blank_values=True) if pair[0] not in changed]
    added = [(name, str(value)) for name, value in changed.items() if value is not None]
    base = request.base_url
    site = getattr(request.app.state, "site_url", None) or f"{base.scheme}://{base.netloc}"
    return f"{site.rstrip('/')}{quote(request.scope['path'], safe='/@')}?{urlencode(kept + added)}"
