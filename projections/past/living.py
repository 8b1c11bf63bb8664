"""Who lived at a position of the log: where to find them, newest first."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, literal, select, tuple_

from projections.past.searches import People, candidates, is_last, owner
from projections.past.tables import past_lives
from projections.persons_query import PersonsQuery
from storage.places import recorded_at

FEW = 2_000  # up to this position all lives are sorted, and no later ones passed over


class Part(NamedTuple):
    """Some of the persons of a list: those of `lives` of whom `where` is true, by `created_at`."""

    lives: FromClause
    created_at: ColumnElement[Any]
    where: list[ColumnElement[bool]]

    @property
    def newest_first(self) -> tuple[ColumnElement[Any], ...]:
        """The order of the list."""
        return self.created_at.desc(), self.lives.c.person_id.desc()


def parts(
    connection: Connection, project_id: int, query: PersonsQuery, position: int
) -> Iterator[Part]:
    """Yield where those are whom a list has, or who may be listed if there are conditions.

    All of a part come before all of the next.
    """
    people = list(candidates(connection, project_id, query, position))
    listed = _Listed(project_id, query, position, people)
    if position <= FEW:
        lives = _first_lives(project_id, position)
        yield listed.part(lives, lives.c.created_at, until=query.until)
        return
    # Nobody up to there was created later than when that was recorded, but for those who were
    # created ahead of the clock. So all who came later are passed over at once.
    last = recorded_at(connection, project_id, position)
    created_at, ahead = past_lives.c.created_at, past_lives.c.ahead
    if query.after is None or query.after[0] > last:
        yield listed.part(past_lives, ahead, ahead > last, until=query.until)
    yield listed.part(past_lives, created_at, until=min(last, query.until))


def _first_lives(project_id: int, position: int) -> FromClause:
    # The limit cuts nothing off. It lets the database read by position before it sorts.
    return (
        select(past_lives)
        .where(past_lives.c.project_id == project_id, past_lives.c.position <= position)
        .order_by(past_lives.c.position)
        .limit(FEW)
        .subquery("lives")
    )


class _Listed(NamedTuple):
    """A list of persons as of a position; all whom it has are among each of some `people`."""

    project_id: int
    query: PersonsQuery
    position: int
    people: Sequence[People]

    def part(
        self,
        lives: FromClause,
        created_at: ColumnElement[Any],
        *where: ColumnElement[bool],
        until: datetime,
    ) -> Part:
        listed = self._where(lives, created_at)
        return Part(lives, created_at, [created_at <= until, *listed, *where])

    def _where(
        self, lives: FromClause, created_at: ColumnElement[Any]
    ) -> Iterator[ColumnElement[bool]]:
        query, person_id = self.query, lives.c.person_id
        yield lives.c.project_id == self.project_id
        yield from is_last(past_lives, self.position, past_lives.c.person_id, rows=lives)
        if query.after:
            place = literal(query.after[0], created_at.type), literal(query.after[1])
            yield tuple_(created_at, person_id) < tuple_(*place)
        if query.owned is not None:
            yield person_id == owner(self.project_id, query.owned, self.position)
        for some in self.people:
            yield person_id.in_(some)
