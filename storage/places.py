"""Places of the log, as callers name them: by position, or by the time that was recorded."""

from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection

from domain.errors import InvalidParameterError
from storage.log import head_position, position_at

Place: TypeAlias = int | datetime
"""A position, or a time: then what was recorded up to it counts."""


def position_of(connection: Connection, project_id: int, place: Place, name: str) -> int:
    """Return the position that a place means; `name` is that of the parameter which says it.

    Raises:
        InvalidParameterError: the log has not come that far.
    """
    if isinstance(place, datetime):
        return position_at(connection, project_id, place)
    head = head_position(connection, project_id)
    if place > head:
        raise InvalidParameterError(f"The log has come to position {head}, not to {place}.", name)
    return place
