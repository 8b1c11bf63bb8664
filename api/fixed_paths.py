"""Routes whose paths have no parameters: found by one look-up, however many there are."""

from collections.abc import Iterable

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send


class FixedPaths(BaseRoute):
    """Stands for routes without parameters, each on a path of its own."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_path = {route.path: route for route in routes}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return what the route on the request's path says."""
        route = self._by_path.get(scope["path"]) if scope["type"] == "http" else None
        return route.matches(scope) if route else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that matches."""
        await self._by_path[scope["path"]].handle(scope, receive, send)


def ordered(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Return routes with those without parameters in front, as one."""
    fixed, others = [], []
    for route in routes:
        if isinstance(route, Route) and not route.param_convertors:
            fixed.append(route)
        else:
            others.append(route)
    return [FixedPaths(fixed), *others]
