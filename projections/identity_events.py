"""What happened to a person's identity: how distinct ids and other persons came to it, and left."""

from uuid import UUID

from sqlalchemy import Connection

from domain.events import EVENT_CLASSES, PropertyBackfilled, PropertySet, PropertyUnset
from domain.values import JSON
from projections.history import told
from projections.lineage import BY_MERGE, lineage
from storage import streams

_SILENT = {each.__name__ for each in (PropertySet, PropertyBackfilled, PropertyUnset)}
_TOPICS = EVENT_CLASSES.keys() - _SILENT


def identity_events(
    connection: Connection, project_id: int, person_id: UUID
) -> list[dict[str, JSON]]:
    """Return what happened to the identity of a person, and of all that were merged into it.

    They are told as in a history, oldest first; of those who were merged, up to their merges.
    """
    bounds = lineage(connection, project_id, person_id, topics=BY_MERGE)
    return [told(row) for row in streams.woven(connection, project_id, bounds, topics=_TOPICS)]
