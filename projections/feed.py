"""The change feed: what happened in a project, in the order of its log."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection

from domain.values import JSON
from projections.history import told
from storage.log import RECORDED, head_position
from storage.schema import events

MAX_LOOKED = 10_000  # events that are looked at for one page


class FeedPage(NamedTuple):
    """Events that followed a position. All up to `position` were looked at; the log is at `head`.

    As a project's events become visible in the order of their positions, none can come later that
    stands before one of these.
    """

    events: list[dict[str, JSON]]
    position: int
    head: int


def feed(
    connection: Connection,
    project_id: int,
    *,
    after: int,
    limit: int,
    topics: Collection[str] = (),
) -> FeedPage:
    """Return the first `limit` events behind a position, only those of some topics if any is named.

    Where these are rare, a page may have fewer, and the next one goes on.
    """
    head = head_position(connection, project_id)
    last = min(after + MAX_LOOKED, head)
    query = RECORDED.where(
        events.c.project_id == project_id, events.c.position > after, events.c.position <= last
    )
    if topics:
        query = query.where(events.c.topic.in_(topics))
    rows = connection.execute(query.order_by(events.c.position).limit(limit)).all()
    position = rows[-1].position if len(rows) == limit else max(last, after)
    return FeedPage([told(row) for row in rows], position, head)
