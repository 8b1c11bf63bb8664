"""What the document says of operations: what they take, what they give, how they say no."""

from collections.abc import Iterable

import msgspec

from api.auth import CURRENT
from api.document.parts import TEXT, parameter, summary
from api.document.shapes import Schema, either, parameters
from api.errors import Error
from api.operations import Operation
from api.requests import Nothing

_JSON = "application/json"
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


def operation_item(operation: Operation) -> Schema:
    """Return what is said of one operation, but for its id."""
    described: Schema = {
        "summary": summary(operation.handler),
        "description": f"Needs the scope `{operation.scope}`.",
        "tags": [operation.path.partition("/")[0]],
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation),
    }
    if operation.body is not Nothing:
        described["requestBody"] = {
            "required": any(each.required for each in msgspec.structs.fields(operation.body)),
            "content": {_JSON: {"schema": either([operation.body])}},
        }
    return described


def _parameters(operation: Operation) -> Iterable[Schema]:
    yield parameter("path", "project_id", _PROJECT_ID, _PROJECT)
    if "{id}" in operation.path:
        yield parameter("path", "id", _PERSON_ID, _PERSON)
    for name, schema in parameters(operation.query).items():
        yield parameter("query", name, schema)
    if operation.is_conditional:
        yield parameter("header", "If-Match", TEXT, _CONDITION)
    if operation.method == "GET":
        yield parameter("header", "X-Min-Position", {"type": "integer", "minimum": 0}, _SEEN)


def _responses(operation: Operation) -> Schema:
    refused = {*_ALWAYS, *operation.refusals} | ({412} if operation.is_conditional else set())
    if operation.body is not Nothing:
        refused |= {413, 415}
    responses: Schema = {}
    if operation.status in _REFUSALS:
        refused.add(operation.status)
    else:
        responses[str(operation.status)] = _success(operation)
    for status in sorted(refused):
        content: Schema = {_JSON: {"schema": either([Error])}}
        responses[str(status)] = {"description": _REFUSALS[status], "content": content}
    return responses


def _success(operation: Operation) -> Schema:
    returns = operation.returns
    if returns is Nothing:
        return {"description": "Done."}
    content: Schema = {_JSON: {"schema": either([returns])}}
    if "results" in returns.__struct_fields__:
        content["text/csv"] = {"schema": TEXT}
    return {"description": (returns.__doc__ or "").partition("\n")[0], "content": content}
