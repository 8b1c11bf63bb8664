"""Reading current persons: one or some of them, by any of their names."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class PersonRow(NamedTuple):
    """A living person as its view has it.

    `number` is the integer id. `properties` is a JSON text, as it was written. `distinct_ids` stand
    in the order of their attachment; where a query says so, not all of them are there.
    """

    person_id: UUID
    number: int
    version: int
    created_at: datetime
    last_seen_at: datetime
    is_identified: bool
    properties: str
    distinct_ids: list[str]
