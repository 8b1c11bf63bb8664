"""Shares of a project's persons: ranges of their uuids, each small enough to be held in memory.

A uuid is a hash, so ranges of the same width have about as many persons. All that happened to the
persons of a share makes all their rows, so shares can be made in any order and by many processes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement

SIZE = 10_000  # events in a share, about

_ALL = 1 << 128  # uuids


class Share(NamedTuple):
    """Share `number`, from 0, of the `of` shares of a project's persons.

    What the database has in the place of a uuid and is none belongs to the first or to the last.
    """

    project_id: Any
    number: int
    of: int

    def holds(self, column: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """Return what is true of the uuids of these persons."""
        bounds = []
        if self.number > 0:
            bounds.append(column >= self._start(self.number))
        if self.number < self.of - 1:
            bounds.append(column < self._start(self.number + 1))
        return bounds

    def _start(self, number: int) -> UUID:
        return UUID(int=_ALL * number // self.of)


def count(events: int) -> int:
    """Return how many shares a project with that many events has."""
    return 1 + events // SIZE


def shares(project_id: Any, count: int) -> Sequence[Share]:
    """Return that many shares, which are all of a project's persons together."""
    return [Share(project_id, number, count) for number in range(count)]
