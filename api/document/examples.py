"""Examples in the document: what each operation was asked once, and what it answered.

They are from `examples.json`, which `tests/example_story.py` writes with the service itself.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from api.document.shapes import Schema
from domain.values import JSON

FILE = Path(__file__).with_name("examples.json")

Contents = dict[str, JSON]
"""What a body has, by media type."""


class Example(Struct, omit_defaults=True):
    """One operation in use: `answers` by their status."""

    parameters: dict[str, JSON] = {}
    request: Contents = {}
    answers: dict[str, Contents] = {}


class Examples(Struct):
    """All operations in use, by id; and refusals, by their shape and their status."""

    operations: dict[str, Example] = {}
    refusals: dict[str, dict[str, JSON]] = {}


@cache
def read() -> Examples:
    """Return all examples."""
    return msgspec.json.decode(FILE.read_bytes(), type=Examples)


def illustrate(item: Any, id: str) -> None:
    """Put the examples of an operation into what is said of it."""
    example = read().operations.get(id, Example())
    for parameter in item["parameters"]:
        if parameter["name"] in example.parameters:
            parameter["example"] = example.parameters[parameter["name"]]
    if "requestBody" in item:
        _refer(item["requestBody"]["content"], f"{id}.request", example.request)
    for status, answer in item["responses"].items():
        content = answer.get("content", {})
        _refer(content, f"{id}.{status}", example.answers.get(status, {}))
        for each in content.values():
            shape = shape_of(each["schema"])
            if status in read().refusals.get(shape, {}):
                each["examples"] = _reference(f"refusal.{shape}.{status}")


def shape_of(schema: Any) -> str:
    """Return the name of a schema, or else of its type."""
    name: str = schema.get("$ref") or schema.get("type", "any")
    return name.rpartition("/")[2]


def components() -> Schema:
    """Return all examples of bodies, by the names that operations refer to them by."""
    examples = read()
    found: Schema = {
        f"refusal.{shape}.{status}": {"value": body}
        for shape, refusals in examples.refusals.items()
        for status, body in refusals.items()
    }
    for id, example in examples.operations.items():
        for place, contents in ({"request": example.request} | example.answers).items():
            for media, body in contents.items():
                found[_name(f"{id}.{place}", media)] = {"value": body}
    return found


def _refer(content: Any, place: str, examples: Contents) -> None:
    for media in content.keys() & examples.keys():
        content[media]["examples"] = _reference(_name(place, media))


def _reference(name: str) -> Schema:
    return {"example": {"$ref": f"#/components/examples/{name}"}}


def _name(place: str, media: str) -> str:
    return f"{place}.{media.rpartition('/')[2]}"
