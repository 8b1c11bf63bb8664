"""Persons as they were at a version, by the `eventsourcing` library's repository on our log."""

from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Repository
from eventsourcing.persistence import EventStore

from domain.person import Person, fold
from storage.engine import Database
from storage.mapper import PersonMapper
from storage.recorder import ProjectRecorder


def person_at(
    database: Database, project_id: int, person_id: UUID, *, version: int | None = None
) -> Person | None:
    """Return a person as its stream says, up to a version or to its end; None if there is none."""
    recorder = ProjectRecorder(database, project_id)
    repository = Repository(EventStore(PersonMapper(), recorder))
    try:
        person: Person = repository.get(person_id, version=version, projector_func=fold)
    except AggregateNotFoundError:
        return None
    return person
