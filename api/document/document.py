"""The OpenAPI 3.1 document, written from the operations and the public routes themselves."""

from collections.abc import Sequence

from api.document import examples
from api.document.operations import operation_item
from api.document.public_routes import public_item, shapes_of
from api.document.shapes import Schema, components
from api.errors import Error
from api.operations import Operation
from api.public import Public
from api.requests import Nothing

TITLE = "Persons store"
VERSION = "1"
"""The version of this interface."""

MOUNTS = {"/api/projects": "", "/api/environments": "environments_"}
"""Where operations stand, and what comes before their ids there."""

_KEY = "An API key, `phx_…`, with the scope that the operation needs."
_TOKEN = "A project's token, `phc_…`."


def document(operations: Sequence[Operation], public: Sequence[Public]) -> Schema:
    """Return the document of these operations, wherever they stand, and of these routes."""
    paths: dict[str, Schema] = {}
    for mount, prefix in MOUNTS.items():
        for operation in operations:
            path = f"{mount}/{{project_id}}/{operation.path}/"
            item = operation_item(operation) | {"operationId": prefix + operation.id}
            examples.illustrate(item, operation.id)
            paths.setdefault(path, {})[operation.method.lower()] = item
    for each in public:
        for method in each.methods:
            item = public_item(each, method)
            examples.illustrate(item, str(item["operationId"]))
            paths.setdefault(each.path, {})[method.lower()] = item
    shapes = {shape for each in operations for shape in (each.body, each.returns)} - {Nothing}
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION},
        "paths": paths,
        "components": {
            "examples": examples.components(),
            "schemas": components({*shapes, Error, *shapes_of(public)}),
            "securitySchemes": {"key": _bearer(_KEY), "token": _bearer(_TOKEN)},
        },
        "security": [{"key": []}],
    }


def _bearer(description: str) -> Schema:
    return {"type": "http", "scheme": "bearer", "description": description}
