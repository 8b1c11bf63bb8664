"""JSON Schema of what operations take and give, as generators of clients understand it."""

from collections.abc import Collection, Iterator
from typing import Any, TypeAlias, cast

import msgspec

from domain.values import JSON

Schema: TypeAlias = dict[str, JSON]

_COMPONENT = "#/components/schemas/{name}"


def components(shapes: Collection[type[Any]]) -> Schema:
    """Return the schemas of structs, and of all that they are made of, by name."""
    ordered = sorted(shapes, key=lambda shape: shape.__name__)
    found = msgspec.json.schema_components(ordered, ref_template=_COMPONENT)[1]
    return {name: _plain(schema) for name, schema in found.items()}


def parameters(query: type[Any]) -> dict[str, Schema]:
    """Return the schemas of a query's parameters, by name.

    An empty text stands for a parameter that is not there: nobody is to send it.
    """
    _, found = msgspec.json.schema_components([query])
    plain = cast(dict[str, Schema], _plain(found[query.__name__]["properties"]))
    return {name: _without_empty(schema) for name, schema in plain.items()}


def _without_empty(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if (name, value) != ("default", "")}


def reference(shape: type[Any]) -> Schema:
    """Return what leads to a struct's schema."""
    return {"$ref": _COMPONENT.format(name=shape.__name__)}


def _plain(schema: Any) -> Any:
    """Say the same in the words that generators of clients know.

    They ask what an array or an object holds, also where that is anything; and do not know that
    `false` is a schema: where `maxItems` is said, it says nothing more.
    """
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return dict(_entries(schema))


def _entries(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in schema.items():
        if not (name == "items" and value is False):
            yield name, _plain(value)
    if schema.get("type") == "array" and not schema.keys() & {"items", "prefixItems"}:
        yield "items", {}
    if schema.get("type") == "object" and not schema.keys() & {
        "properties",
        "additionalProperties",
    }:
        yield "additionalProperties", True
