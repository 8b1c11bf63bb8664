"""What persons are called, for pages that speak of several."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from api.calls import Call
from api.persons.batches import MAX_NAMES, Uuids, by_uuids
from api.persons.shapes import NAMING
from api.requests import Nothing
from api.web.pages import asked
from domain.values import JSON, encode
from projections.last_names import last_names

Names = dict[UUID, str]
"""Names by uuid."""


async def names(call: Call[Any, Any], persons: Iterable[UUID]) -> Names:
    """Return the names of persons; of those who are gone, what they were called last.

    Who never had a name, and is gone, has none.
    """
    left = list(dict.fromkeys(persons))
    found: Names = {}
    for first in range(0, len(left), MAX_NAMES):
        body = Uuids(uuids=[str(each) for each in left[first : first + MAX_NAMES]])
        page = await asked(call, by_uuids, Nothing(), body)
        found |= {person.uuid: _text(person.name) for person in page.results.values()}
    gone = [each for each in left if each not in found]
    if gone:
        keys = call.project.settings.display_name_properties or NAMING
        last = await call.read(last_names, gone, keys)
        found |= {person_id: _text(name) for person_id, name in last.items()}
    return found


def _text(name: JSON) -> str:
    return name if isinstance(name, str) else encode(name).decode()
