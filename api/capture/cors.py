"""CORS for capture: whatever a path of it is answered, also that it does not exist.

Without it a browser hides the answer from posthog-js, which then sends again what we have stored.
"""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.capture.routes import ROUTES

_FIRST_SEGMENTS = frozenset(route.path.split("/")[1] for route in ROUTES)


class CaptureCors:
    """Lets pages from anywhere read the answers of paths that begin as one of capture's does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origin_regex=".*",  # mirrors the origin, as credentials ask for
            allow_credentials=True,
            allow_methods=["GET", "POST", "OPTIONS"],
            allow_headers=["*"],
            expose_headers=["Retry-After", "X-Position"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_capture = (
            scope["type"] == "http" and scope["path"][1:].partition("/")[0] in _FIRST_SEGMENTS
        )
        await (self._open if is_capture else self._app)(scope, receive, send)
