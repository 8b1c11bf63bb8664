"""How many captured events a person has, by their names."""

from collections import Counter
from uuid import UUID

from sqlalchemy import Connection, func, select

from projections.captured_events import FEW, filed
from storage.schema import captured_events


def event_counts(connection: Connection, project_id: int, person_id: UUID) -> Counter[str]:
    """Return how many captured events of each name a person has."""
    counts: Counter[str] = Counter()
    parts = filed(connection, project_id, person_id)
    for condition in parts.conditions(connection.dialect.name, at_most=FEW):
        query = (
            select(captured_events.c.event, func.count())
            .where(captured_events.c.project_id == project_id, condition)
            .group_by(captured_events.c.event)
        )
        counts.update({event: count for event, count in connection.execute(query)})
    return counts
