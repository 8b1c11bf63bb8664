"""Static files of the pages, under addresses that change with their content."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from api.errors import not_found

_FOLDER = Path(__file__).parent / "static"
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


def address(name: str) -> str:
    """Return the path of a static file; a browser may keep what it finds there for ever."""
    return f"/static/{_version()}/{name}"


async def file(request: Request) -> Response:
    """GET /static/:version/:name: a style, a script or a picture.

    While a new version is rolled out, its pages may ask an old one: it gives what it has.
    """
    path = _FOLDER / request.path_params["name"]
    if path.suffix not in _MEDIA_TYPES or path.parent != _FOLDER or not path.is_file():
        raise not_found()
    is_same = request.path_params["version"] == _version()
    headers = {
        "Cache-Control": _FOR_EVER if is_same else "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(path, media_type=_MEDIA_TYPES[path.suffix], headers=headers)


@cache
def _version() -> str:
    found = sorted(path for path in _FOLDER.iterdir() if path.suffix in _MEDIA_TYPES)
    return sha256(b"".join(path.read_bytes() for path in found)).hexdigest()[:12]


ROUTES = [Route("/static/{version}/{name}", file)]
