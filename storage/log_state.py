"""What can be said of a project's log without reading it: its head, its tree, its checkpoint."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, select

from storage.schema import checkpoints, logs


class Signed(Struct, frozen=True, kw_only=True):
    """The last checkpoint that was given out: a signed `note` about the first `size` events."""

    size: int
    root: bytes
    note: str
    given_at: datetime


class Head(Struct, frozen=True, kw_only=True):
    """The last event of the log, and the digest of the chain of all events up to it."""

    position: int
    digest: bytes
    recorded_at: datetime


def head(connection: Connection, project_id: int) -> Head | None:
    """Return the head of a project's log; None before the first event."""
    query = select(logs).where(logs.c.project_id == project_id, logs.c.position > 0)
    row = connection.execute(query).first()
    if row is None:
        return None
    return Head(position=row.position, digest=row.digest, recorded_at=row.recorded_at)


def last_checkpoint(connection: Connection, project_id: int) -> Signed | None:
    """Return the last checkpoint of a project's log; None if none was ever asked for."""
    query = (
        select(checkpoints)
        .where(checkpoints.c.project_id == project_id)
        .order_by(checkpoints.c.size.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return Signed(size=row.size, root=row.root, note=row.note, given_at=row.given_at)
