"""The OpenAPI document, and the pages to browse it, which need nothing from outside."""

from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from api.errors import not_found

UI = "/api/schema/swagger-ui"

_PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Persons store: all operations</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{UI}/swagger_style.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{UI}/swagger_bundle.js"></script>
<script src="{UI}/swagger_preset.js"></script>
<script src="{UI}/start.js"></script>
</body>
</html>
"""

_START = """window.ui = SwaggerUIBundle({
  url: "/api/schema/",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: "StandaloneLayout",
});
"""

_MEDIA_TYPES = {
    "swagger_bundle.js": "text/javascript",
    "swagger_preset.js": "text/javascript",
    "swagger_style.css": "text/css",
}
_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"


async def page(request: Request) -> Response:
    """GET /api/schema/swagger-ui: the page to browse the document."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


async def file(request: Request) -> Response:
    """GET /api/schema/swagger-ui/:name: a script or a style of the page."""
    name = request.path_params["name"]
    if name == "start.js":
        return Response(_START, media_type="text/javascript")
    if name not in _MEDIA_TYPES:
        raise not_found()
    return FileResponse(_file(name), media_type=_MEDIA_TYPES[name])


@cache
def _file(name: str) -> Path:
    # The package carries Swagger UI; its files are read, and its code never runs.
    return Path(str(distribution("offapi").locate_file(f"offapi/{name}")))


def routes(document: bytes) -> list[Route]:
    """Return the routes that show a document."""

    async def schema(request: Request) -> Response:
        """GET /api/schema: the OpenAPI document."""
        return Response(document, media_type="application/json")

    return [
        Route("/api/schema", schema),
        Route("/api/schema/", schema),
        Route(UI, page),
        Route(f"{UI}/", page),
        Route(f"{UI}/{{name}}", file),
    ]
