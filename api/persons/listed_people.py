"""The persons that a list is of: the current ones, or those of some place of the log."""

from datetime import datetime

from sqlalchemy import Connection

from projections import people
from projections.past import people as past_people
from projections.person_rows import PersonRow
from projections.persons_query import PersonsQuery
from storage.places import Place, moment_of, position_of


class ListedPeople:
    """The current persons, or those of a place of the log.

    `at` is now, or the moment that the place means: filters such as `-7d` count from it.
    """

    def __init__(
        self, connection: Connection, project_id: int, place: Place | None, now: datetime
    ) -> None:
        """Be of a place, or of now.

        Raises:
            InvalidParameterError: see `storage.places.position_of`.
        """
        self._connection = connection
        self._project_id = project_id
        self.at = now
        self.position: int | None = None
        if place is not None:
            self.position = position_of(connection, project_id, place, "as_of")
            self.at = moment_of(connection, project_id, place, now)

    def page(self, query: PersonsQuery) -> list[PersonRow]:
        """Return a page of those to whom a query applies, newest first."""
        asked = self._connection, self._project_id, query
        if self.position is None:
            return people.list_page(*asked)
        return past_people.list_page(*asked, position=self.position)

    def count(self, query: PersonsQuery) -> int:
        """Return how many persons all pages have together."""
        asked = self._connection, self._project_id, query
        if self.position is None:
            return people.count(*asked)
        return past_people.count(*asked, position=self.position)
