"""What capture takes and gives, as the document tells it.

What it takes is told as SDKs of today send it: `api.capture` knows all the other ways as well.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from api.capture.errors import Skipped
from api.capture.v1 import Verdict
from api.public import JSON, TEXT, Said, Shapes, Told

FORM = "application/x-www-form-urlencoded"
SCRIPT_MEDIA = "application/javascript"

Token = Annotated[str, Meta(description="The project's token, `phc_…`.")]
Compression = Annotated[
    str, Meta(description="`gzip`, `gzip-js`, `base64` or `lz64`; whatever else is not looked at.")
]
Beacon = Annotated[str, Meta(description="With 1, the answer is an empty 204.")]
Properties = dict[str, Any]


class CaptureQuery(Struct, frozen=True):
    """How the body is packed, where no header says it; `data` is the body of a GET."""

    compression: Compression = ""
    data: str = ""
    beacon: Beacon = ""


class DiscardQuery(Struct, frozen=True):
    """How the answer is to be."""

    beacon: Beacon = ""


class CaptureEvent(Struct, frozen=True, kw_only=True):
    """An event. Its changes to the person may stand here or in its properties."""

    event: str
    distinct_id: str
    api_key: Token | UnsetType = UNSET
    properties: Properties | UnsetType = UNSET
    timestamp: datetime | UnsetType = UNSET
    uuid: Annotated[UUID, Meta(description="What comes again changes nothing.")] | UnsetType = UNSET
    set: Properties | UnsetType = field(default=UNSET, name="$set")
    set_once: Properties | UnsetType = field(default=UNSET, name="$set_once")
    unset: list[str] | UnsetType = field(default=UNSET, name="$unset")


class CaptureBatch(Struct, frozen=True, kw_only=True):
    """Many events at once, and when they were sent by the clock of who sends them."""

    api_key: Token
    batch: list[CaptureEvent]
    sent_at: datetime | UnsetType = UNSET
    historical_migration: bool | UnsetType = UNSET


class CaptureForm(Struct, frozen=True):
    """The same as JSON, or as base64 of it, in a field of a form."""

    data: str


class Taken(Struct, frozen=True):
    """All is stored, but for the events that were `skipped`."""

    status: Literal[1]
    skipped: list[Skipped] | UnsetType = UNSET


class EventV1(Struct, frozen=True, kw_only=True):
    """An event of capture v1."""

    event: str
    uuid: UUID
    distinct_id: str
    timestamp: datetime
    properties: Properties | UnsetType = UNSET
    options: Properties | UnsetType = UNSET


class BatchV1(Struct, frozen=True, kw_only=True):
    """Events of capture v1, each with a uuid of its own."""

    created_at: datetime
    batch: list[EventV1]
    historical_migration: bool | UnsetType = UNSET


class VerdictsV1(Struct, frozen=True):
    """What became of each event, by its uuid; those without one of their own were `skipped`."""

    results: dict[str, Verdict]
    skipped: list[Skipped] | UnsetType = UNSET


class ErrorV1(Struct, frozen=True):
    """Why nothing of a request was taken: `error` is a tag."""

    error: str
    error_description: str
    error_uri: str


def _refusals(shapes: tuple[Any, ...], **media: str) -> dict[int, Said]:
    return {
        400: Said("The request, or each of its events, is not what it should be.", shapes, **media),
        401: Said("There is no token, or it is no project's.", shapes, **media),
        413: Said("The body is too large.", shapes, **media),
        503: Said("Nothing was stored; send it again.", shapes, **media),
    }


_BODY: dict[str, Shapes] = {
    JSON: [CaptureEvent, CaptureBatch, list[CaptureEvent]],
    FORM: [CaptureForm],
}
# JSON counts as such under every other media type, and packed as well, as SDKs send it.
_EMPTY = Said("Taken, as with 200; `beacon` asked for no body.")

CAPTURE = Told(
    tag="capture",
    query=CaptureQuery,
    body=_BODY,
    answers={200: Said("Taken: every read sees it.", [Taken]), 204: _EMPTY}
    | _refusals((str,), media=TEXT),
)
DISCARD = Told(
    tag="capture",
    query=DiscardQuery,
    body={JSON: [Any]},
    is_body_needed=False,
    answers={200: Said("Thrown away.", [Taken]), 204: _EMPTY} | _refusals((str,), media=TEXT),
)
CAPTURE_V1 = Told(
    tag="capture",
    headers=(
        "PostHog-Sdk-Info",
        "PostHog-Attempt",
        "PostHog-Request-Id",
        "PostHog-Request-Timestamp",
    ),
    body={JSON: [BatchV1]},
    answers={
        200: Said("Taken, but for what its verdict drops.", [VerdictsV1]),
        415: Said("The body is not JSON, or packed in an unknown way.", [ErrorV1]),
    }
    | _refusals((ErrorV1,)),
    has_token=True,
)
CONFIG = Told(tag="sdk", answers={200: Said("What SDKs ask for: all of it is off.", [Properties])})
SCRIPT = Told(tag="sdk", answers={200: Said("The same as a script.", [str], SCRIPT_MEDIA)})
ALIVE = Told(tag="health", answers={200: Said("It answers.", [str], TEXT)})
