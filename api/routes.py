"""All operations on persons, and the routes that lead to them."""

from collections.abc import Iterator

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.routing import Route

from api import audit, public
from api.capture import routes
from api.document import document, pages
from api.operations import Endpoint, Operation
from api.persons import (
    activity,
    batches,
    change_feed,
    deletion,
    deletion_status,
    diff,
    editing,
    erasures,
    events,
    history,
    ingestion_warnings,
    listing,
    project_diff,
    properties_at_time,
    reading,
    splitting,
    timeline,
    unmerge,
)
from api.service import health, metrics_page, verifying
from domain.values import encode

OPERATIONS: list[Operation] = [
    *reading.OPERATIONS,
    *editing.OPERATIONS,
    *deletion.OPERATIONS,
    *erasures.OPERATIONS,
    *events.OPERATIONS,
    *splitting.OPERATIONS,
    *activity.OPERATIONS,
    *timeline.OPERATIONS,
    *history.OPERATIONS,
    *diff.OPERATIONS,
    *unmerge.OPERATIONS,
    *listing.OPERATIONS,
    *project_diff.OPERATIONS,
    *properties_at_time.OPERATIONS,
    *batches.OPERATIONS,
    *change_feed.OPERATIONS,
    *deletion_status.OPERATIONS,
    *ingestion_warnings.OPERATIONS,
    *audit.OPERATIONS,
]
"""Every operation there is."""


class _Mount(StringConvertor):
    regex = "projects|environments"


class _PersonId(StringConvertor):
    """What looks like the id of a person, and like no word in a path."""

    regex = "[0-9A-Fa-f-]+"


class _Suffix(StringConvertor):
    """A format such as `.csv`, and the slash at the end: each may be there or not."""

    regex = r"(?:\.[A-Za-z0-9]+)?/?"


register_url_convertor("mount", _Mount())
register_url_convertor("person_id", _PersonId())
register_url_convertor("suffix", _Suffix())


def _routes() -> Iterator[Route]:
    """Yield the routes in their order: first those of a person, which are asked for the most.

    Behind all words come the ids that are none, to be told so.
    """
    on_path: dict[str, list[Operation]] = {}
    for operation in OPERATIONS:
        on_path.setdefault(operation.path, []).append(operation)
    endpoints = {path: Endpoint(operations) for path, operations in on_path.items()}
    of_one = [path for path in endpoints if "{id}" in path]
    for path in of_one:
        yield from _places(path.replace("{id}", "{id:person_id}"), endpoints[path])
    for path in endpoints.keys() - set(of_one):
        yield from _places(path, endpoints[path])
    for path in of_one:
        yield from _places(path, endpoints[path])


def _places(path: str, endpoint: Endpoint) -> Iterator[Route]:
    """Yield where a path stands: below its project, and below the current one by its old name."""
    yield Route(f"/api/{{mount:mount}}/{{project_id}}/{path}{{suffix:suffix}}", endpoint)
    if path.startswith("persons"):
        yield Route(f"/api/person{path.removeprefix('persons')}{{suffix:suffix}}", endpoint)


WATCHED = [*health.PUBLIC, *verifying.PUBLIC, *metrics_page.PUBLIC]
"""What operators' programs ask."""

PUBLIC = [*routes.PUBLIC, *WATCHED]
"""Every route that asks for no key, and that programs use."""

ROUTES = [
    *_routes(),
    *routes.ROUTES,
    *public.routes(WATCHED),
    *pages.routes(encode(document.document(OPERATIONS, PUBLIC))),
]
