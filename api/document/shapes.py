"""JSON Schema of what operations take and give, as generators of clients understand it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeAlias, cast

import msgspec

from domain.values import JSON

Schema: TypeAlias = dict[str, JSON]

_COMPONENT = "#/components/schemas/{name}"


def components(shapes: Collection[Any]) -> Schema:
    """Return the schemas of structs, and of all that types are made of, by name."""
    ordered = sorted(shapes, key=str)
    found = msgspec.json.schema_components(ordered, ref_template=_COMPONENT)[1]
    return {name: _plain(schema) for name, schema in sorted(found.items())}


def either(shapes: Sequence[Any]) -> Schema:
    """Return the schema of what is of one of these types; structs are referred to."""
    schemas, _ = msgspec.json.schema_components(shapes, ref_template=_COMPONENT)
    plain = [_plain(schema) for schema in schemas]
    return plain[0] if len(plain) == 1 else {"anyOf": plain}


def parameters(query: type[Any]) -> dict[str, Schema]:
    """Return the schemas of a query's parameters, by name.

    An empty text stands for a parameter that is not there: nobody is to send it.
    """
    _, found = msgspec.json.schema_components([query])
    plain = cast(dict[str, Schema], _plain(found[query.__name__]["properties"]))
    return {name: _without_empty(schema) for name, schema in plain.items()}


def _without_empty(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if (name, value) != ("default", "")}


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
