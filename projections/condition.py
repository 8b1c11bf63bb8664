"""How the store is: what an operator watches, of all projects together."""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, func, or_, select

from projections.deletions import deletions
from projections.rebuilding.shapes import stale
from projections.verifying.verifications import Summary, last
from projections.views import PROJECTIONS
from storage.schema import event_deletions, logs, tree_nodes
from storage.tree import BLOCK, BLOCK_LEVEL


class Condition(Struct, frozen=True, kw_only=True):
    """What is in the store, and what waits to be done in it.

    `tree` counts the events that stand in the trees: proofs of later ones read the log. `due` are
    those of the `erasures` that the next purge has to make. `verified` is None before the first.
    """

    projections: dict[str, bool]
    events: int
    tree: int
    erasures: int
    due: int
    event_deletions: int
    verified: Summary | None


def condition(connection: Connection, at: datetime, retention: timedelta) -> Condition:
    """Return how the store is at a time, if deleted persons can be brought back for a while."""
    behind = {each.name for each in stale(connection)}
    is_due = or_(deletions.c.deleted_at <= at - retention, deletions.c.erases_now)
    ends = (
        select(func.max(tree_nodes.c.place) + 1)
        .where(tree_nodes.c.level == BLOCK_LEVEL)
        .group_by(tree_nodes.c.project_id)
    )
    return Condition(
        projections={each.name: each.name not in behind for each in PROJECTIONS},
        events=int(connection.execute(select(func.sum(logs.c.position))).scalar() or 0),
        tree=BLOCK * sum(connection.execute(ends).scalars()),
        erasures=_count(connection, deletions.c.person_id.is_not(None)),
        due=_count(connection, is_due),
        event_deletions=_count(connection, event_deletions.c.delete_verified_at.is_(None)),
        verified=last(connection),
    )


def _count(connection: Connection, chosen: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).where(chosen)).scalar_one()
