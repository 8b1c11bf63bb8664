"""Why capture refuses a request, or one event of it."""

from msgspec import Struct


class CaptureError(Exception):
    """A refusal: `status` and `detail` are the answer on v0; `tag` is its name on v1."""

    def __init__(self, status: int, detail: str, *, tag: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.tag = tag


class Skipped(Struct, frozen=True):
    """An event that was left out: its place in the request, from 0, and why."""

    index: int
    detail: str


def undecodable(why: str) -> CaptureError:
    """Return the refusal of a body that cannot be unpacked."""
    return CaptureError(400, f"failed to decode request: {why}", tag="request_decoding_error")


def unparsable(why: str) -> CaptureError:
    """Return the refusal of a body, or an event, that is not what it should be."""
    return CaptureError(400, f"failed to parse request: {why}", tag="request_parsing_error")


def too_large(what: str, limit: int) -> CaptureError:
    """Return the refusal of something that has more than `limit` bytes."""
    detail = f"maximum event size exceeded: {what} has more than {limit} bytes"
    return CaptureError(413, detail, tag="payload_too_large")
