"""Events as they are told over HTTP: in a history, and in the change feed."""

from typing import NotRequired, TypedDict
from uuid import UUID

from api.persons.shapes import UTC
from domain.events import Actor, Cause
from domain.values import JSON


class ToldChange(TypedDict):
    """What a property was changed from and to; a value that was not there is left out."""

    key: str
    before: NotRequired[JSON]
    after: NotRequired[JSON]


class ToldEvent(TypedDict):
    """What happened to a person. What only some types have stands at the end.

    Where it `is_erased`, nothing is known but that it happened.
    """

    position: int
    version: int
    type: str
    person: UUID
    recorded_at: UTC
    occurred_at: NotRequired[UTC]
    actor: NotRequired[Actor]
    cause: Cause | None
    changes: list[ToldChange]
    distinct_id: NotRequired[str]
    is_erased: NotRequired[bool]
    backfilled: NotRequired[dict[str, JSON]]
    number: NotRequired[int]
    distinct_ids: NotRequired[list[str] | dict[str, UUID]]
    are_named: NotRequired[bool]
    created_at: NotRequired[UTC]
    last_seen_at: NotRequired[UTC]
    born_from: NotRequired[str]
    source: NotRequired[UUID]
    added: NotRequired[str]
    through: NotRequired[str]
    source_version: NotRequired[int]
    created_before: NotRequired[UTC]
    target: NotRequired[UUID]
    target_version: NotRequired[int]
    merge: NotRequired[int]
    other: NotRequired[UUID]
    is_identified: NotRequired[bool]
    erases_now: NotRequired[bool]
    deletes_events: NotRequired[bool]
    positions: NotRequired[list[int]]
