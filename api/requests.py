"""What a request says: its query and its body, as the structs that an operation declares."""

import re
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.capture.errors import CaptureError
from api.capture.intake import read_body
from api.errors import ApiError, Error, invalid, invalid_choice, required, unparsable
from domain.errors import InvalidValueError, VersionConflictError
from domain.values import JSON, MAX_DEPTH, clean

LARGE = 2**20  # bytes of a body that must not keep all other requests waiting

Headers = Mapping[bytes, bytes]
Shape = TypeVar("Shape", bound=Struct)

_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_CHOICE = re.compile(r"Invalid enum value .(.*).", re.DOTALL)
_AT = re.compile(r" - at `(?:key in )?\$\.?(.*)`$", re.DOTALL)


_WORDS = {
    "Expected `int`, got `str`": "A valid integer is required.",
    "Expected `bool`, got `str`": "Must be a valid boolean.",
    "Invalid UUID": "Must be a valid UUID.",
}
"""PostHog's words for what msgspec says."""


class Nothing(Struct, frozen=True):
    """The query, the body or the answer of an operation that has none."""


class QueryReader(Generic[Shape]):
    """Reads a query string into a struct, ignoring what the struct does not name.

    A field that is a list takes a parameter given several times; of another, the last one counts.
    """

    def __init__(self, shape: type[Shape]) -> None:
        self._shape = shape
        self._classes = {
            field.encode_name: _classes(field.type) for field in msgspec.structs.fields(shape)
        }

    def read(self, query: bytes) -> tuple[Shape, str]:
        """Return what the query says, and the format that it asks for ("" for none).

        Raises:
            ApiError: 400, a value is not of its field's type.
        """
        given: dict[str, Any] = {}
        if query:
            text = query.decode("utf-8", "replace")
            for name, value in parse_qsl(text, keep_blank_values=True):
                self._take(given, name, clean(value))
        return convert(given, self._shape, strict=False), given.get("format", "")

    def _take(self, given: dict[str, Any], name: str, value: str) -> None:
        classes = self._classes.get(name, {str})
        if list in classes:
            given.setdefault(name, []).append(value)
        elif value or str in classes:
            given[name] = value
        elif bool in classes:
            given[name] = True  # a bare ?flag means it; other blanks say nothing


def _classes(type_: Any) -> set[Any]:
    """Return the classes that the values of a type have."""
    match get_origin(type_):
        case None:
            return {type_}
        case origin if origin is Annotated:
            return _classes(get_args(type_)[0])
        case origin if origin in (Union, UnionType):
            return set().union(*map(_classes, get_args(type_)))
        case origin:
            return {origin}


async def read_json(request: Request, headers: Headers) -> JSON:
    """Return what the body says in JSON, fit to keep; an empty object where there is no body.

    Raises:
        ApiError: 413, it is too large; 415, it is not JSON by its type; 400, nor by its text.
        InvalidValueError: it nests too deep.
    """
    body = await whole_body(request)
    if not body:
        return {}
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    if content_type.partition(";")[0].strip().lower() not in ("", "application/json"):
        detail = f'Unsupported media type "{content_type}" in request.'
        raise ApiError(415, Error("invalid_request", "unsupported_media_type", detail))
    return await run_in_threadpool(parse, body) if len(body) > LARGE else parse(body)


async def whole_body(request: Request) -> bytes:
    """Return the body as it came.

    Raises:
        ApiError: 413, it is too large; 408, it did not arrive.
    """
    try:
        return await read_body(request)
    except CaptureError as error:
        code = "payload_too_large" if error.status == 413 else "request_timeout"  # noqa: PLR2004
        raise ApiError(error.status, Error("invalid_request", code, error.detail)) from error


def parse(body: bytes) -> JSON:
    """Return what a JSON text says, with U+FFFD for each NUL.

    Raises:
        ApiError: 400, it is not JSON, or says what cannot be kept: a lone surrogate, 1e999.
        InvalidValueError: it nests too deep.
    """
    try:
        return clean(msgspec.json.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise unparsable(str(error)) from error
    except RecursionError as error:
        raise InvalidValueError(f"JSON nests more than {MAX_DEPTH} levels deep") from error


def convert(value: JSON, shape: type[Shape], *, strict: bool = True) -> Shape:
    """Return a JSON value as a struct; where not `strict`, numbers and booleans may be texts.

    Raises:
        ApiError: 400, it does not fit; the error names the field.
    """
    try:
        return msgspec.convert(value, shape, strict=strict)
    except ValidationError as error:
        raise _refusal(str(error)) from error


def _refusal(text: str) -> ApiError:
    """Return msgspec's complaint in the envelope: first of all the field's name."""
    at = _AT.search(text)
    detail = text[: at.start()] if at else text
    names = [name for name in re.split(r"[.\[\]]+", at[1]) if name] if at else []
    if missing := _MISSING.match(detail):
        return required("__".join([*names, missing[1]]))
    attr = "__".join(names) or None
    if attr and detail.endswith("got `null`"):
        return required(attr)
    if choice := _CHOICE.match(detail):
        return invalid_choice(choice[1], attr)
    return invalid(_WORDS.get(detail, detail), attr)


def expected_version(headers: Headers, current: int) -> int | None:
    """Return the version that `If-Match` asks for; None if it does not ask.

    Raises:
        VersionConflictError: it asks for another than the current one.
    """
    tags = headers.get(b"if-match", b"*").decode("latin-1")
    if tags.strip() == "*":
        return None
    if str(current) not in {tag.strip().strip('"') for tag in tags.split(",")}:
        raise VersionConflictError(f"version {tags} was expected, {current} found")
    return current
