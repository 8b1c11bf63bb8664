"""How persons came to their end: deleted, merged into another, or erased."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.events import Deleted, Erased, MergedInto
from projections.lineage import LAST
from storage import streams
from storage.mapper import logged_event


class Ending(NamedTuple):
    """What ended a person's life, when it was recorded, and at which position."""

    event: Deleted | MergedInto | Erased
    at: datetime
    position: int


_TOPICS = [each.__name__ for each in (Deleted, MergedInto, Erased)]


def ending(connection: Connection, project_id: int, person_id: UUID) -> Ending | None:
    """Return the last end of a person's life, whether it came back or not; None for none."""
    bounds = {person_id: LAST}
    for row in reversed(streams.woven(connection, project_id, bounds, topics=_TOPICS)):
        match logged_event(row).event:
            case Deleted() | MergedInto() | Erased(kept=None) as event:
                return Ending(event, row.recorded_at, row.position)
    return None
