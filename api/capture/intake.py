"""From the body of a capture request, in whatever way it was packed, to JSON text."""

import asyncio
import re
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from api.capture.errors import CaptureError, too_large, undecodable
from api.capture.inflating import gunzip, unlz64

MAX_BODY = 20 * 2**20  # bytes on the wire
BODY_TIMEOUT = 60  # seconds until all of it has to be there
MAX_REPLAY_BODY = 25 * 2**20  # bytes on the wire, of a session recording

_FORM_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 100
_FORM_HEAD = 512  # bytes in which a form shows one of the names that we know

_FORM = re.compile(rb"(?:[\w.~-]*=[^&]*&){0,8}(?:data|_|ip|compression)=")
# A form's decoder reads + as a space; some tools break lines.
_BASE64 = re.compile(rb"[A-Za-z0-9+/= \r\n]+")
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")
_GZIP = b"\x1f\x8b"


async def read_body(
    request: Request, limit: int = MAX_BODY, *, seconds: float = BODY_TIMEOUT
) -> bytes:
    """Return the body as it came.

    Raises:
        CaptureError: it has more than `limit` bytes, its sender went away, or it takes too long.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise too_large("the body", limit)
    except (ClientDisconnect, TimeoutError) as error:
        detail = "the request body did not arrive in full"
        raise CaptureError(408, detail, tag="body_read_timeout") from error
    return bytes(body)


def json_text(body: bytes, *, query: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
    """Return the JSON text, in UTF-8, that a v0 request carries.

    It may come in the query or the body, in a form, in base64, in gzip, in LZ-String, and in some
    of these together. `headers` has lower-case names.

    Raises:
        CaptureError: there is nothing, or it cannot be unpacked, or that is too large.
    """
    packed = query.get("data", "").encode() or body
    is_form_due = packed is body and _media_type(headers) == _FORM_TYPE
    is_form = is_form_due and _FORM.match(body, 0, _FORM_HEAD) is not None
    fields = _fields(body) if is_form else {"data": packed}
    packed = fields.get("data", b"")
    if not packed:
        raise CaptureError(400, "request missing data payload")
    hint = _hint(query, fields, headers)
    if hint in ("lz64", "lz-string"):
        return _utf8(unlz64(packed.replace(b" ", b"+")))
    text = _utf8(_unpacked(packed))
    if is_form_due and not is_form and not _JSON.match(text):
        raise undecodable("expected form data in POST request payload")
    if hint in ("gzip", "gzip-js") and not _JSON.match(text):
        raise undecodable("invalid GZIP data")
    return text


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _fields(form: bytes) -> dict[str, bytes]:
    # By way of Latin-1 each byte stays what it is, so that also bytes that are no text survive.
    try:
        fields = parse_qsl(form.decode("latin-1"), encoding="latin-1", max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise undecodable(f"more than {_MAX_FIELDS} form fields") from error
    return {name: value.encode("latin-1") for name, value in fields}


def _hint(query: Mapping[str, str], fields: Mapping[str, bytes], headers: Mapping[str, str]) -> str:
    """Return how the sender says that the data is packed. We look for ourselves where we can."""
    in_form = fields.get("compression", b"").decode("latin-1")
    hint = query.get("compression") or in_form or headers.get("content-encoding", "")
    return hint.strip().lower()


def _unpacked(data: bytes) -> bytes:
    data = _from_base64(data)
    return _from_base64(gunzip(data)) if data.startswith(_GZIP) else data


def _from_base64(data: bytes) -> bytes:
    """Return what a base64 text says, if that can be of use to us; else the data as it is."""
    if not _BASE64.fullmatch(data, 0, 128):
        return data
    digits = data.translate(None, b"\r\n").replace(b" ", b"+").rstrip(b"=")
    try:
        said = b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except ValueError:
        return data
    return said if said.startswith(_GZIP) or _JSON.match(said) else data


def _utf8(data: bytes) -> bytes:
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            raise undecodable("invalid UTF8 in request payload") from error
    return data.removeprefix(b"\xef\xbb\xbf")
