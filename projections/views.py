"""All projections, in one list, and what the writer needs of them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Connection, select

from domain.commands import Command
from domain.loaded import Loaded
from projections import activity, births, deletions, loading, owners, persons, searches
from projections.past import view as past
from projections.projection import Projection
from storage.appended import Appended

PROJECTIONS: tuple[Projection, ...] = (
    persons.PROJECTION,
    searches.PROJECTION,
    births.PROJECTION,
    activity.PROJECTION,
    deletions.PROJECTION,
    past.PROJECTION,
)


class Views:
    """The writer's port on the projections: they change in the transaction of the append."""

    def load(self, connection: Connection, project_id: int, commands: Sequence[Command]) -> Loaded:
        """Return the persons that commands name: see `loading.load`."""
        return loading.load(connection, project_id, commands)

    def distinct_ids(self, connection: Connection, project_id: int, person_id: UUID) -> list[str]:
        """Return all distinct ids of a person, oldest first."""
        ids = owners.distinct_ids
        query = (
            select(ids.c.distinct_id)
            .where(ids.c.project_id == project_id, ids.c.person_id == person_id)
            .order_by(ids.c.position, ids.c.rank)
        )
        return list(connection.execute(query).scalars())

    def owned(
        self, connection: Connection, project_id: int, distinct_ids: Collection[str]
    ) -> set[str]:
        """Return those of the distinct ids that belong to a living person."""
        return owners.owned(connection, project_id, distinct_ids)

    def project(self, connection: Connection, appended: Appended) -> None:
        """Bring all views up to the events appended."""
        for projection in PROJECTIONS:
            projection.bring_up(connection, appended)
