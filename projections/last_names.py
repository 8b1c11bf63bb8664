"""What persons were last called, also those that are gone."""

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from domain.values import JSON
from projections.past.tables import past_properties


def last_names(
    connection: Connection, project_id: int, person_ids: Collection[UUID], keys: Sequence[str]
) -> dict[UUID, JSON]:
    """Return the first of these properties that each person has, or had when it went.

    Of whom was erased, nothing is known.
    """
    past = past_properties.c
    query = (
        select(past.person_id, past.key, past.value)
        .where(past.project_id == project_id, past.person_id.in_(person_ids), past.key.in_(keys))
        .where(past.key_rest == "")
        .order_by(past.position, past.rank)
    )
    last = {(row.person_id, row.key): row.value for row in connection.execute(query)}
    found: dict[UUID, JSON] = {}
    for person_id in person_ids:
        texts = (last.get((person_id, key)) for key in keys)
        values = (msgspec.json.decode(text) for text in texts if text is not None)
        if name := next(filter(None, values), None):
            found[person_id] = name
    return found
