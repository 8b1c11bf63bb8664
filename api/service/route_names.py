"""The route that a request took, as the few names that it can have."""

from collections.abc import Iterable
from typing import Any

from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Scope

OTHER = "other"
"""Stands for all paths on which nothing is: whoever makes them up must not make up names."""


class RouteNames:
    """Knows routes by their templates, without the parts that say which format is asked for."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._fixed: dict[str, str] = {}
        self._by_endpoint: dict[Any, str] = {}
        for route in routes:
            match route:
                case Route() if not route.param_convertors:
                    self._fixed[route.path] = route.path.rstrip("/") or "/"
                case Route():
                    template = route.path_format.removesuffix("{suffix}")
                    self._by_endpoint.setdefault(route.endpoint, template.rstrip("/"))
                case Mount():
                    self._by_endpoint.setdefault(route.app, f"{route.path}/…")

    def of(self, scope: Scope) -> str:
        """Return the name of the route that a request took, once it was answered."""
        return (
            self._fixed.get(scope["path"]) or self._by_endpoint.get(scope.get("endpoint")) or OTHER
        )
