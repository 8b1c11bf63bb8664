"""All pages, and the routes that lead to them."""

from collections.abc import Iterator

from starlette.routing import Route

from api.operations import Endpoint
from api.web import (
    activity,
    audit,
    changes,
    deletions,
    identity,
    merges,
    person_activity,
    person_deletion,
    person_diff,
    person_events,
    person_history,
    person_properties,
    person_split,
    person_timeline,
    persons,
    property_edits,
    sign_in,
    static_files,
    warnings,
)
from api.web.pages import Action, Page

PAGES: list[Page | Action] = [
    *persons.PAGES,
    *activity.PAGES,
    *changes.PAGES,
    *person_properties.PAGES,
    *person_timeline.PAGES,
    *person_history.PAGES,
    *person_activity.PAGES,
    *person_events.PAGES,
    *identity.PAGES,
    *person_diff.PAGES,
    *property_edits.ACTIONS,
    *person_split.PAGES,
    *person_deletion.PAGES,
    *merges.PAGES,
    *warnings.PAGES,
    *deletions.PAGES,
    *audit.PAGES,
]
"""Every page there is, but for those where one signs in."""


def _routes() -> Iterator[Route]:
    """Yield one route for each path, with and without a slash at the end."""
    on_path: dict[str, list[Page | Action]] = {}
    for page in PAGES:
        on_path.setdefault(page.path, []).append(page)
    for path, pages in on_path.items():
        endpoint = Endpoint(pages)
        yield Route(path, endpoint)
        yield Route(f"{path}/", endpoint)


ROUTES = [
    Route("/", sign_in.first),
    Route("/sign-in", sign_in.sign_in, methods=["GET", "POST"]),
    Route("/sign-out", sign_in.sign_out, methods=["POST"]),
    *static_files.ROUTES,
    *_routes(),
]
