"""Reading the log to check it: whatever stands there, also what no driver can make sense of."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, select

from storage import log
from storage.schema import events


class Unreadable(NamedTuple):
    """An event in whose place stands something else, such as a time that is none."""

    position: int
    why: str


Page: TypeAlias = Sequence[Any | Unreadable]
"""Rows as `storage.log.read_links` gives them, or what is in their place."""


def read_page(connection: Connection, project_id: int, *, after: int, limit: int) -> Page:
    """Return the first `limit` events behind a position, in the log's order."""
    try:
        with connection.begin_nested():
            return log.read_links(connection, project_id, after=after, limit=limit)
    except Exception:  # one by one it shows which of them it is
        positions = (
            select(events.c.position)
            .where(events.c.project_id == project_id, events.c.position > after)
            .order_by(events.c.position)
            .limit(limit)
        )
        found = connection.execute(positions).scalars().all()
        return [_read(connection, project_id, position) for position in found]


def _read(connection: Connection, project_id: int, position: int) -> Any:
    try:
        with connection.begin_nested():
            (row,) = log.read_links(connection, project_id, after=position - 1, limit=1)
            return row
    except Exception as error:
        # The driver's own words, without the statement: its values may be personal.
        cause = getattr(error, "orig", None) or error
        return Unreadable(position, re.split(r"['\"\n]", str(cause))[0].strip())
