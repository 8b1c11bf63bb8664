"""What persons are called, for pages that speak of several."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from api.calls import Call
from api.person_batches import MAX_NAMES, Uuids, by_uuids
from api.requests import Nothing
from api.web.pages import asked
from domain.values import JSON, encode

Names = dict[UUID, str]
"""Names by uuid, of those who live."""


async def names(call: Call[Any, Any], persons: Iterable[UUID]) -> Names:
    """Return the names of those of some persons who live."""
    uuids = [str(each) for each in dict.fromkeys(persons)]
    found: Names = {}
    for first in range(0, len(uuids), MAX_NAMES):
        body = Uuids(uuids=uuids[first : first + MAX_NAMES])
        page = await asked(call, by_uuids, Nothing(), body)
        found |= {person.uuid: _text(person.name) for person in page.results.values()}
    return found


def _text(name: JSON) -> str:
    return name if isinstance(name, str) else encode(name).decode()
