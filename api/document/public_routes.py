"""What the document says of public routes: capture, what SDKs ask for besides, health."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.document.parts import TEXT, parameter, summary
from api.document.shapes import Schema, either, parameters
from api.public import Public, Said, Shapes


def shapes_of(public: Iterable[Public]) -> Iterator[Any]:
    """Yield all types that the routes take and give."""
    for told in (each.told for each in public):
        for shapes in (*told.body.values(), *(said.shapes for said in told.answers.values())):
            yield from shapes


def public_item(public: Public, method: str) -> Schema:
    """Return what is said of one method of a route."""
    told = public.told
    item: Schema = {
        "operationId": public.id if len(public.methods) == 1 else f"{public.id}_{method.lower()}",
        "summary": summary(public.endpoint),
        "tags": [told.tag],
        "security": [{"token": []}] if told.has_token else [],
        "parameters": list(_parameters(public)),
        "responses": {str(status): _answer(said) for status, said in sorted(told.answers.items())},
    }
    if told.body and method == "POST":
        item["requestBody"] = {
            "required": told.is_body_needed,
            "content": _content(told.body),
        }
    return item


def _parameters(public: Public) -> Iterator[Schema]:
    if "{token}" in public.path:
        yield parameter("path", "token", TEXT, "The project's token.")
    for name, schema in parameters(public.told.query).items():
        yield parameter("query", name, schema)
    for name in public.told.headers:
        yield parameter("header", name, TEXT) | {"required": True}


def _answer(said: Said) -> Schema:
    content = {"content": _content({said.media: said.shapes})} if said.shapes else {}
    return {"description": said.description} | content


def _content(by_media: Mapping[str, Shapes]) -> Schema:
    return {media: {"schema": either(shapes)} for media, shapes in by_media.items()}
