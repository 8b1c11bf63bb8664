"""What a batch wants the store to erase."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.events import Origin


class ToErase(NamedTuple):
    """Of one stream, the events to erase, and the distinct ids whose captured events go as well."""

    person_id: UUID
    positions: list[int]
    captured_of: list[str]


class Erasing(NamedTuple):
    """What the store is to erase of a person, once its events Erased are appended.

    `persons` are itself and those merged into it, `parts` also others who repeat something of it.
    `captured` are single captured events; `strays` are uuids that never were a person's, under
    which some of them are filed. What is filed under `persons`, through distinct ids that were
    `given_back` to others, is filed under these. Warnings that name a distinct id and were given
    `until` then go.
    """

    person_id: UUID
    number: int
    origin: Origin
    persons: list[UUID]
    parts: list[ToErase]
    captured: list[UUID]
    strays: list[UUID]
    given_back: dict[UUID, set[str]]
    distinct_ids: list[str]
    until: datetime
