"""How a project's log is watched: verified, signed, and how fast it grows."""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection

from projections.rebuilding.shapes import stale
from projections.verifying.verifications import ALL, Summary, last
from storage import log_state
from storage.log_state import Head, Signed
from storage.places import position_at
from storage.tree import kept_size

WINDOWS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
"""The times up to now of which the page tells how much was recorded."""


class AuditState(Struct, frozen=True, kw_only=True):
    """What is known. `recorded` counts events by WINDOWS; `stale` views wait to be built anew.

    `tree` events stand in the tree: proofs of later ones read the log.
    """

    head: Head | None
    checkpoint: Signed | None
    verified: Summary | None
    tree: int
    recorded: dict[str, int]
    stale: list[str]


def audit_state(connection: Connection, project_id: int, *, at: datetime) -> AuditState:
    """Return how the log of a project is at a time."""
    head = log_state.head(connection, project_id)
    position = head.position if head else 0
    summaries = [last(connection, each) for each in (project_id, ALL)]
    return AuditState(
        head=head,
        checkpoint=log_state.last_checkpoint(connection, project_id),
        verified=max(filter(None, summaries), key=lambda each: each.finished_at, default=None),
        tree=kept_size(connection, project_id),
        recorded={
            name: position - position_at(connection, project_id, at - window)
            for name, window in WINDOWS.items()
        },
        stale=[each.name for each in stale(connection)],
    )
