"""Where a page of the list begins: behind the last person of the page before.

An offset alone shifts when others write: a person comes in front, and the next page repeats one.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from api.errors import invalid
from api.paging import MAX_BIGINT
from domain.values import encode
from projections.person_rows import PersonRow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


_FIRST = _microseconds(datetime(1, 1, 1, tzinfo=UTC))
_LAST = _microseconds(datetime(9999, 12, 31, tzinfo=UTC))
_Microseconds = Annotated[int, Meta(ge=_FIRST, le=_LAST)]  # since 1970


class Cursor(Struct, frozen=True, array_like=True):
    """What a page tells those that follow.

    `position`: the log's, when the first page was read. `top`: when the first person of the first
    page was created; None where the first page was in the middle. `last`: the last person of the
    page before; None for a page that counts by offset from the top.
    """

    position: Annotated[int, Meta(ge=0, le=MAX_BIGINT)]
    top: _Microseconds | None
    last: tuple[_Microseconds, UUID] | None = None

    @property
    def after(self) -> tuple[datetime, UUID] | None:
        """The place in the list behind which the page begins, or its offset counts."""
        if self.last is not None:
            return _time(self.last[0]), self.last[1]
        return None if self.top is None else (_time(self.top + 1), UUID(int=0))

    def text(self) -> str:
        """Return the cursor as a query parameter."""
        return urlsafe_b64encode(encode(self)).decode().rstrip("=")

    def behind(self, row: PersonRow) -> "Cursor":
        """Return the cursor of the page that begins behind a person."""
        last = (_microseconds(row.created_at), row.person_id)
        return msgspec.structs.replace(self, last=last)


def first(position: int, top: PersonRow | None) -> Cursor:
    """Return the cursor of a first page."""
    return Cursor(position, None if top is None else _microseconds(top.created_at))


def parse(text: str) -> Cursor | None:
    """Return the cursor that a query parameter says; None for an empty one.

    Raises:
        ApiError: 400, we never gave out such a cursor.
    """
    if not text:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Cursor)
    except (ValueError, RecursionError):
        raise invalid("Invalid cursor.", "cursor") from None


def _time(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
