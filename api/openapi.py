"""The OpenAPI 3.1 document, written from the operations themselves."""

from collections.abc import Iterable, Sequence

import msgspec

from api.auth import CURRENT
from api.errors import Error
from api.openapi_shapes import Schema, components, parameters, reference
from api.operations import Operation
from api.requests import Nothing

TITLE = "Persons store"
VERSION = "1"
"""The version of this interface."""

MOUNTS = {"/api/projects": "", "/api/environments": "environments_"}
"""Where operations stand, and what comes before their ids there."""

_JSON = "application/json"
_TEXT = {"type": "string"}
_PROJECT = "The project's id, or @current for that of the key."
_PROJECT_ID = {"anyOf": [{"type": "integer"}, {"const": CURRENT}]}
_PERSON = "The person's integer id or its uuid."
_PERSON_ID = {"anyOf": [{"type": "integer"}, {"type": "string", "format": "uuid"}]}
_CONDITION = "The ETag that the person must still have."
_SEEN = "A position of the log that the answer must have seen; waits for it."

_REFUSALS = {
    400: "The request says something that cannot be.",
    401: "There is no key, or it opens nothing.",
    403: "The key lacks the scope, or is another project's.",
    404: "There is no such project or person.",
    405: "This is never allowed.",
    409: "Something that happened stands against it.",
    412: "The person has changed since.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "The key has asked too often; `Retry-After` says when it may again.",
    503: "The store cannot answer at the moment.",
    504: "The query took longer than it may, and was ended.",
}
_ALWAYS = (400, 401, 403, 404, 429, 503, 504)


def document(operations: Sequence[Operation]) -> Schema:
    """Return the document of these operations, wherever they stand."""
    paths: dict[str, Schema] = {}
    for mount, prefix in MOUNTS.items():
        for operation in operations:
            path = f"{mount}/{{project_id}}/{operation.path}/"
            described = _operation(operation) | {"operationId": prefix + operation.id}
            paths.setdefault(path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": _components(operations),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _components(operations: Iterable[Operation]) -> Schema:
    shapes = {shape for each in operations for shape in (each.body, each.returns)} - {Nothing}
    return components({*shapes, Error})


def _operation(operation: Operation) -> Schema:
    summary = (operation.handler.__doc__ or "").partition("\n")[0].partition(": ")[2]
    described: Schema = {
        "summary": summary[:1].upper() + summary[1:],
        "description": f"Needs the scope `{operation.scope}`.",
        "tags": [operation.path.partition("/")[0]],
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation),
    }
    if operation.body is not Nothing:
        described["requestBody"] = {
            "required": any(each.required for each in msgspec.structs.fields(operation.body)),
            "content": {_JSON: {"schema": reference(operation.body)}},
        }
    return described


def _parameters(operation: Operation) -> Iterable[Schema]:
    yield _parameter("path", "project_id", _PROJECT_ID, _PROJECT)
    if "{id}" in operation.path:
        yield _parameter("path", "id", _PERSON_ID, _PERSON)
    for name, schema in parameters(operation.query).items():
        yield _parameter("query", name, schema)
    if operation.is_conditional:
        yield _parameter("header", "If-Match", _TEXT, _CONDITION)
    if operation.method == "GET":
        yield _parameter("header", "X-Min-Position", {"type": "integer", "minimum": 0}, _SEEN)


def _parameter(place: str, name: str, schema: Schema, description: str = "") -> Schema:
    parameter = {"name": name, "in": place, "required": place == "path", "schema": schema}
    return parameter | ({"description": description} if description else {})


def _responses(operation: Operation) -> Schema:
    refused = {*_ALWAYS, *operation.refusals} | ({412} if operation.is_conditional else set())
    if operation.body is not Nothing:
        refused |= {413, 415}
    responses: Schema = {}
    if operation.status in _REFUSALS:
        refused.add(operation.status)
    else:
        responses[str(operation.status)] = _success(operation)
    error = {_JSON: {"schema": reference(Error)}}
    for status in sorted(refused):
        responses[str(status)] = {"description": _REFUSALS[status], "content": error}
    return responses


def _success(operation: Operation) -> Schema:
    returns = operation.returns
    if returns is Nothing:
        return {"description": "Done."}
    content: Schema = {_JSON: {"schema": reference(returns)}}
    if "results" in returns.__struct_fields__:
        content["text/csv"] = {"schema": _TEXT}
    return {"description": (returns.__doc__ or "").partition("\n")[0], "content": content}
