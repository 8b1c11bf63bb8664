"""Persons as the API shows them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Raw, Struct

from domain.values import JSON
from projections.person_rows import PersonRow

UTC = Annotated[datetime, Meta(tz=True)]
"""A time that is written as ISO 8601 with a `Z`."""

Text = Annotated[Raw, Meta(extra_json_schema={"type": "object"})]
"""Properties, passed through as the text that is stored."""

NAMING = ("email", "name", "username")
"""The properties that name a person, where its project has not chosen others."""

_ANONYMOUS = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){4}")

_values = msgspec.json.Decoder(dict[str, Raw])


class SinglePerson(Struct, frozen=True, kw_only=True):
    """A person. `id` is the integer id; `name` is the property that names it, as it is."""

    id: int
    uuid: UUID
    name: JSON
    distinct_ids: list[str]
    properties: Text
    created_at: UTC
    last_seen_at: UTC
    is_identified: bool


class ListedPerson(Struct, frozen=True, kw_only=True):
    """A person in a list: there `id` is the uuid, and at most 1000 of its `distinct_ids` stand."""

    type: Literal["person"] = "person"
    id: UUID
    uuid: UUID
    created_at: UTC
    last_seen_at: UTC
    properties: Text
    is_identified: bool
    name: JSON
    distinct_ids: list[str]
    matched_recordings: list[JSON] = []
    value_at_data_point: None = None


def single(row: PersonRow, naming: Sequence[str]) -> SinglePerson:
    """Return a person as it is shown alone; `naming` are the project's own naming properties."""
    ids = in_order(row.distinct_ids)
    return SinglePerson(
        id=row.number,
        uuid=row.person_id,
        name=_name(row, ids, naming),
        distinct_ids=ids,
        properties=Raw(row.properties),
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        is_identified=row.is_identified,
    )


def listed(row: PersonRow, naming: Sequence[str]) -> ListedPerson:
    """Return a person as it is shown in a list; `naming` as for `single`."""
    ids = in_order(row.distinct_ids)
    return ListedPerson(
        id=row.person_id,
        uuid=row.person_id,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        properties=Raw(row.properties),
        is_identified=row.is_identified,
        name=_name(row, ids, naming),
        distinct_ids=ids,
    )


def in_order(distinct_ids: list[str]) -> list[str]:
    """Return distinct ids with those that look like a browser's invention at the end."""
    if len(distinct_ids) == 1:
        return distinct_ids
    return sorted(distinct_ids, key=lambda each: _ANONYMOUS.fullmatch(each) is not None)


def _name(row: PersonRow, ids: list[str], naming: Sequence[str]) -> JSON:
    """Return the first naming property that says something, else the first distinct id."""
    texts = _values.decode(row.properties)
    for key in naming or NAMING:
        if key in texts and (value := msgspec.json.decode(texts[key])):
            return value
    return ids[0] if ids else str(row.number)
