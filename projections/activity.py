"""The activity log: what people and keys did to persons, one row for each such event.

The row says where to look; what was done stands in the event itself, at its position.
"""

from sqlalchemy import BigInteger, Column, Connection, Index, Table, Text, Uuid

from domain.events import Deleted, PersonEvent, PropertySet, PropertyUnset, Split, Unmerged
from projections.projection import Projection, metadata
from storage.statements import Insert
from storage.writer import Appended

activity = Table(
    "activity",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("activity", Text, nullable=False),
    Index("activity_by_number", "project_id", "number", "position"),
)
"""`number` is the person's integer id: a person born again does not inherit what was done."""

_insert = Insert(activity)


def name_of(event: PersonEvent) -> str | None:
    """Return PostHog's name for what an event did; None for what is no activity of its own."""
    match event:
        case PropertySet():
            return "updated"
        case PropertyUnset():
            return "delete_property"
        case Split():
            return "split_person"
        case Unmerged():
            return "unmerged"
        case Deleted():
            return "deleted"
        case _:
            return None


def _project(connection: Connection, appended: Appended) -> None:
    numbers = {person.id: person.number for person in appended.persons}
    rows = [
        (appended.project_id, position, numbers[placed.person_id], placed.person_id, name)
        for position, placed in enumerate(appended.events, start=appended.after + 1)
        if placed.event.origin.actor.kind == "key" and (name := name_of(placed.event))
    ]
    _insert.run(connection, rows)


PROJECTION = Projection("activity", version=1, tables=(activity,), project=_project)
