"""A project's history as JSON Lines: stretch by stretch, so that many can be told at once."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from domain.values import encode
from projections.history import told
from storage.log import RECORDED
from storage.raw_rows import RawRow, read
from storage.schema import events
from storage.values import as_time, as_uuid

PAGE = 5_000  # events in a stretch


class Stretch(NamedTuple):
    """The events of a project behind `after`, up to `until`."""

    project_id: int
    after: int
    until: int


class Lines(NamedTuple):
    """The events of a stretch, a line each."""

    stretch: Stretch
    text: bytes


class _Recorded(NamedTuple):
    position: int
    person_id: Any
    version: int
    topic: str
    state: str | None
    recorded_at: Any


def stretches(whole: Stretch) -> Iterator[Stretch]:
    """Yield the stretches, each of about PAGE events, of which a longer one consists."""
    for after in range(whole.after, whole.until, PAGE):
        yield whole._replace(after=after, until=min(after + PAGE, whole.until))


def lines(connection: Connection, stretch: Stretch) -> Lines:
    """Return what happened in a stretch, oldest first."""
    query = RECORDED.where(
        events.c.project_id == stretch.project_id,
        events.c.position > stretch.after,
        events.c.position <= stretch.until,
    )
    rows = read(connection, query.order_by(events.c.position))
    start = b'{"project":%d,' % stretch.project_id
    text = [start + encode(told(each))[1:] for each in _recorded(rows)]
    return Lines(stretch, b"".join(line + b"\n" for line in text))


def _recorded(rows: Sequence[RawRow]) -> Iterator[_Recorded]:
    last, at = None, None
    for position, person_id, version, topic, state, recorded_at in rows:
        if recorded_at != last:  # the events of a batch have one time
            last, at = recorded_at, as_time(recorded_at)
        yield _Recorded(position, as_uuid(person_id), version, topic, state, at)
