"""What the writer tells the projections, and what it asks of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection

from domain.commands import Command
from domain.events import PersonEvent, PlacedEvent
from domain.loaded import Loaded
from domain.person import Person


@dataclass(frozen=True)
class Appended:
    """Events of a log, in its order, and the persons that they made of it.

    `positions` say where each stands, `times` when it was recorded. To the writer they are what was
    just appended; to who builds a view anew, all that ever happened to these persons.
    """

    project_id: int
    positions: Sequence[int]
    times: Sequence[datetime]
    events: Sequence[PlacedEvent]
    persons: Collection[Person]

    @cached_property
    def kinds(self) -> set[type[PersonEvent]]:
        """The classes of the events."""
        return {type(each.event) for each in self.events}

    @cached_property
    def living(self) -> list[Person]:
        """Those of the persons who live now."""
        return [each for each in self.persons if each.is_living]

    @cached_property
    def gone(self) -> list[UUID]:
        """The ids of all others."""
        return [each.id for each in self.persons if not each.is_living]


class Views(Protocol):
    """What the writer needs of the projections."""

    def load(self, connection: Connection, project_id: int, commands: Sequence[Command]) -> Loaded:
        """Return the persons that commands name, with one query."""

    def distinct_ids(self, connection: Connection, project_id: int, person_id: UUID) -> list[str]:
        """Return all distinct ids of a person, oldest first."""

    def owned(
        self, connection: Connection, project_id: int, distinct_ids: Collection[str]
    ) -> set[str]:
        """Return those of the distinct ids that belong to a living person."""

    def project(self, connection: Connection, appended: Appended) -> None:
        """Bring the views up to the events appended."""
