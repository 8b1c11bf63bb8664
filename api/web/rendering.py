"""Pages from templates. Whatever a template is given is escaped."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from api.web import navigation, static_files, times
from api.web.frame import Frame
from domain.values import JSON, encode

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every page: nothing comes from elsewhere, no script or style stands in it, nothing is kept."""


def render(frame: Frame, template: str, *, status: int = 200, view: Any = None) -> HTMLResponse:
    """Return a page. Its template knows `frame` and `view`."""
    text = _environment.get_template(template).render(frame=frame, view=view)
    return HTMLResponse(text, status, HEADERS)


def with_headers(response: Response) -> Response:
    """Return an answer that is no page, with the headers of one."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _json(value: JSON) -> str:
    """Return the JSON text of a value."""
    return encode(value).decode()


def _plain(value: JSON) -> str:
    """Return a text as it is, and the JSON text of anything else."""
    return value if isinstance(value, str) else _json(value)


_environment = Environment(
    loader=PackageLoader("api.web"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
    auto_reload=False,
)
_environment.globals.update(
    static=static_files.address,
    navigation=navigation.ENTRIES,
    tabs=navigation.TABS,
    time=times.time,
)
_environment.filters.update(
    json=_json, plain=_plain, iso=times.iso, exact=times.exact, day=times.day, number="{:,}".format
)
