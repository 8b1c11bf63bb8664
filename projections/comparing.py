"""Comparing our persons with those of another store, and saying of each difference why it is."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Connection, select

from domain.commands import ImportPerson
from domain.foreign import Disagreement, ForeignPerson, counterpart, disagreements
from domain.person import Person
from projections import loading, reasons
from projections.owners import distinct_ids
from projections.persons import persons
from projections.reasons import Refusals

READ_AT_ONCE = 1_000  # rows


class Comparison:
    """Our persons of a project beside those of another store, on one state of the database.

    Persons are told by their distinct ids: a uuid depends on the project's number.
    """

    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id
        self._met: set[UUID] = set()
        self._refusals = Refusals(connection, project_id)
        self.equal = 0
        self.different = 0

    def compare(self, foreign: Sequence[ForeignPerson]) -> Iterator[Disagreement]:
        """Yield where persons of the other store differ from ours."""
        wanted = [ImportPerson(each) for each in foreign]
        owners = loading.load(self._connection, self._project_id, wanted).owners
        self._met |= {owner.id for owner in owners.values()}
        for each in foreign:
            found = list(self._differences(each, owners))
            self.different += bool(found)
            self.equal += not found
            yield from found

    def _differences(
        self, foreign: ForeignPerson, owners: dict[str, Person]
    ) -> Iterator[Disagreement]:
        found = {each: owners[each] for each in foreign.distinct_ids if each in owners}
        person = counterpart(foreign, found)
        if person is None:
            yield Disagreement(
                person=foreign.name,
                field="distinct_ids",
                detail="belong to nobody here",
                there=foreign.distinct_ids,
                why="no event that was imported makes a person of them",
            )
            return
        differences = disagreements(foreign, found, person, person.distinct_ids)
        if differences:
            stream = reasons.stream(self._connection, self._project_id, person.id)
            for each in differences:
                yield replace(each, why=reasons.why(each, stream, person, self._refusals))

    def only_here(self) -> Iterator[Disagreement]:
        """Yield our persons of whom no distinct id was met in the other store."""
        query = (
            select(persons.c.person_id)
            .where(persons.c.project_id == self._project_id)
            .order_by(persons.c.person_id)
            .execution_options(yield_per=READ_AT_ONCE)
        )
        with self._connection.execute(query) as rows:
            for (person_id,) in rows:
                if person_id not in self._met:
                    yield Disagreement(
                        person=str(person_id),
                        field="distinct_ids",
                        detail="belong to nobody there",
                        here=self._ids(person_id),
                    )

    def _ids(self, person_id: UUID) -> list[str]:
        query = select(distinct_ids.c.distinct_id).where(
            distinct_ids.c.project_id == self._project_id, distinct_ids.c.person_id == person_id
        )
        order = (distinct_ids.c.position, distinct_ids.c.rank)
        return list(self._connection.execute(query.order_by(*order)).scalars())
