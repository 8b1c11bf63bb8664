"""The small parts of which the document is made."""

from collections.abc import Callable
from typing import Any

from api.document.shapes import Schema

TEXT: Schema = {"type": "string"}


def parameter(place: str, name: str, schema: Schema, description: str = "") -> Schema:
    """Return a parameter; only one in a path must be there."""
    found = {"name": name, "in": place, "required": place == "path", "schema": schema}
    return found | ({"description": description} if description else {})


def summary(handler: Callable[..., Any]) -> str:
    """Return what a handler does, as its own documentation says it behind method and path."""
    text = (handler.__doc__ or "").partition("\n")[0].partition(": ")[2]
    return text[:1].upper() + text[1:]
