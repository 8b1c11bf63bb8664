"""What stands above all pages of a person: who it is, when it was seen, and whether it is gone."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from api.calls import Call
from api.errors import ApiError, not_found
from api.persons.erasures import WaitingErasure, waiting
from api.persons.ids import ever
from api.persons.reading import RetrieveQuery, retrieve
from api.persons.shapes import SinglePerson
from api.requests import Nothing
from api.web.pages import asked
from domain.events import Erased, MergedInto
from projections.endings import Ending, ending
from projections.known import Known

_NOT_FOUND = 404


class End(Struct, frozen=True, kw_only=True):
    """How a person came to its end: `merged_into` another, erased, or deleted.

    One that is `waiting` can be brought back until it is erased.
    """

    at: datetime
    is_erased: bool
    merged_into: UUID | None
    waiting: WaitingErasure | None


class Header(Struct, frozen=True, kw_only=True):
    """Whom a page is about. One that is gone is shown as it was right before its `end`.

    `person` is None for one that was erased. `place` is what the page has to ask of the API
    `as_of`; "" for now.
    """

    number: int
    uuid: UUID
    place: str
    person: SinglePerson | None
    end: End | None

    @property
    def path(self) -> str:
        """The address of the person."""
        return f"/persons/{self.uuid}"

    @property
    def is_now(self) -> bool:
        """Whether it is shown as it is, and so can be changed."""
        return not self.place and self.end is None

    @property
    def last_seen(self) -> datetime | None:
        """When it was last seen. It is kept to the hour, so the first time may be later."""
        if self.person is None:
            return None
        return max(self.person.last_seen_at, self.person.created_at)


async def header(call: Call[Any, Any]) -> Header:
    """Return the header of the person that the path names, as of what the query says.

    Raises:
        ApiError: 400 and 404, as those of the API's person; but one that is gone is shown too.
    """
    as_of: str = getattr(call.query, "as_of", "")
    try:
        return _header(await _person(call, as_of), as_of)
    except ApiError as error:
        if as_of or error.status != _NOT_FOUND:
            raise
    return await _gone(call, await ever(call))


async def _gone(call: Call[Any, Any], known: Known) -> Header:
    end = await call.read(ending, known.person_id)
    if end is None:
        raise not_found()
    shown_end = await _end(call, known, end)
    if not shown_end.is_erased:
        place = str(end.position - 1)
        return _header(await _person(call, place), place, shown_end)
    return Header(number=known.number, uuid=known.person_id, place="", person=None, end=shown_end)


async def _end(call: Call[Any, Any], known: Known, end: Ending) -> End:
    return End(
        at=end.at,
        is_erased=isinstance(end.event, Erased),
        merged_into=end.event.target if isinstance(end.event, MergedInto) else None,
        waiting=await waiting(call, known),
    )


async def _person(call: Call[Any, Any], place: str) -> SinglePerson:
    return await asked(call, retrieve, RetrieveQuery(as_of=place), Nothing())


def _header(person: SinglePerson, place: str, end: End | None = None) -> Header:
    return Header(number=person.id, uuid=person.uuid, place=place, person=person, end=end)
