"""A request of which not all can be read: its events one by one, so that only bad ones are lost."""

import re

from api.capture.checks import decoded
from api.capture.errors import CaptureError, unparsable
from domain.values import JSON

MAX_PAYLOAD = 5 * 2**20  # bytes, as PostHog's SDKs send at most; what is larger is lost as a whole

# A text that does not end goes on to the end: so no byte is looked at twice.
_TEXT = rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)'
_SIGN = re.compile(_TEXT + rb"|[\[\]{},]", re.DOTALL)
_ARRAY = re.compile(rb"\s*:\s*(?=\[)")
_BATCH = b'"batch"'
_TEXT_OF_UUID = re.compile(rb'\s*:\s*"([0-9A-Fa-f-]{32,36})"')


class UnreadableError(CaptureError):
    """An event that cannot be read; `uuid` is what is said to be its own, None if nothing is."""

    def __init__(self, refusal: CaptureError, uuid: str | None) -> None:
        super().__init__(refusal.status, refusal.detail, tag=refusal.tag)
        self.uuid = uuid


def said(payload: bytes) -> JSON:
    """Return what a request says; of several events an UnreadableError stands for a bad one.

    Raises:
        CaptureError: it cannot be read: none of its events, or not what is around them.
    """
    try:
        return decoded(payload)
    except CaptureError as error:
        try:
            return _in_pieces(payload)
        except CaptureError:
            raise error from None


def _in_pieces(payload: bytes) -> JSON:
    if len(payload) > MAX_PAYLOAD:
        raise unparsable("it is too long to look for those events that can be read")
    start = _start_of_events(payload)
    pieces, end = _pieces(payload, start)
    events = [_read(piece) for piece in pieces]
    around = decoded(payload[:start] + b"[]" + payload[end:])
    has_more = bool(around) if isinstance(around, list) else bool(around["batch"])  # named twice
    if has_more or all(isinstance(event, CaptureError) for event in events):
        raise unparsable("none of its events can be read")
    return events if isinstance(around, list) else around | {"batch": events}


def _start_of_events(payload: bytes) -> int:
    """Return where the array of events begins: all of the text, or what its `batch` says."""
    depth = 0
    for sign in _SIGN.finditer(payload):
        if sign[0] == b"[" and depth == 0:
            return sign.start()
        if sign[0] == _BATCH and depth == 1 and (array := _ARRAY.match(payload, sign.end())):
            return array.end()
        depth += _step(sign[0])
    return len(payload)


def _pieces(payload: bytes, start: int) -> tuple[list[bytes], int]:
    """Return the elements of the array that begins at `start`, and where it ends."""
    depth, begin = 0, start + 1
    pieces = []
    for sign in _SIGN.finditer(payload, start):
        depth += _step(sign[0])
        is_between = depth == 1 and sign[0] == b","
        if depth == 0 or is_between:
            pieces.append(payload[begin : sign.start()])
            begin = sign.end()
        if depth == 0:
            break
    return pieces, begin


def _step(sign: bytes) -> int:
    return {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(sign, 0)


def _read(piece: bytes) -> JSON:
    try:
        return decoded(piece)
    except CaptureError as error:
        return UnreadableError(error, _uuid(piece))


def _uuid(piece: bytes) -> str | None:
    depth = 0
    for sign in _SIGN.finditer(piece):
        if sign[0] == b'"uuid"' and depth == 1 and (text := _TEXT_OF_UUID.match(piece, sign.end())):
            return text[1].decode()
        depth += _step(sign[0])
    return None
