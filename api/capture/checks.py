"""What both versions of capture ask of a token, a JSON text and an event."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from api.capture.errors import CaptureError, too_large, unparsable
from domain.errors import InvalidValueError
from domain.values import JSON, MAX_DEPTH, Properties, clean, encode

MAX_EVENT = 1_000_000  # bytes of an event's properties as JSON text
MAX_TOKEN = 64  # bytes


def decoded(payload: bytes) -> JSON:
    """Return the value of a JSON text.

    Raises:
        CaptureError: it is no JSON, nests too deep or has too large a number for us to read it.
    """
    try:
        return msgspec.json.decode(payload)
    except RecursionError as error:
        raise unparsable(f"JSON nests more than {MAX_DEPTH} levels deep") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise unparsable(str(error)) from error


def checked_token(token: str) -> str:
    """Return a project token without the blanks around it.

    Raises:
        CaptureError: it cannot be a project's token.
    """
    token = token.strip()
    faults = {
        "empty": not token,
        "too_long": len(token.encode()) > MAX_TOKEN,
        "not_ascii": not token.isascii(),
        "personal_api_key": token.startswith("phx_"),
        "null_byte": "\0" in token,
    }
    for reason, is_fault in faults.items():
        if is_fault:
            raise CaptureError(401, f"API key is not valid: {reason}", tag="invalid_api_token")
    return token


def as_uuid(value: JSON) -> UUID | None:
    """Return the UUID that a text means, with or without hyphens; None for anything else."""
    try:
        return msgspec.convert(value, UUID)
    except msgspec.ValidationError:
        return None


def needs_care(payload: bytes, events: Sequence[JSON]) -> bool:
    """Tell whether any of the events must be cleaned: for a NUL, or because it nests too deep.

    Almost no request needs it, and to see that for all events at once is cheap.
    """
    # Most texts have no backslash at all, and one byte is found faster than six.
    if b"\\" in payload and b"\\u0000" in payload:
        return True
    level: list[JSON] = [each for each in events if isinstance(each, dict)]
    for _ in range(MAX_DEPTH):
        level = [
            each
            for outer in level
            for each in (outer.values() if type(outer) is dict else outer)
            if type(each) is dict or type(each) is list
        ]
        if not level:
            return False
    return True


def cleaned(event: dict[str, JSON]) -> dict[str, JSON]:
    """Return an event without NULs.

    Raises:
        CaptureError: it nests too deep.
    """
    try:
        result: dict[str, JSON] = clean(event)
    except InvalidValueError as error:
        raise unparsable(str(error)) from error
    return result


def check_size(properties: Properties) -> None:
    """Refuse properties that would make an event too large.

    Raises:
        CaptureError: they have more than MAX_EVENT bytes.
    """
    if len(encode(properties)) > MAX_EVENT:
        raise too_large("an event", MAX_EVENT)
