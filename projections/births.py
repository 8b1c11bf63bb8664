"""Who was born under which integer id: also those who were deleted or merged away since."""

from uuid import UUID

from sqlalchemy import BigInteger, Column, Connection, Table, Uuid, select

from domain.events import PersonCreated
from projections.projection import Projection, metadata
from storage.statements import Insert
from storage.writer import Appended

births = Table(
    "births",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, nullable=False),
)

_insert = Insert(births)


def born_as(connection: Connection, project_id: int, number: int) -> UUID | None:
    """Return the uuid of the person that has, or had, an integer id; None for nobody."""
    query = select(births.c.person_id).where(
        births.c.project_id == project_id, births.c.number == number
    )
    return connection.execute(query).scalar_one_or_none()


def _project(connection: Connection, appended: Appended) -> None:
    rows = [
        (appended.project_id, placed.event.number, placed.person_id)
        for placed in appended.events
        if isinstance(placed.event, PersonCreated)
    ]
    _insert.run(connection, rows)


PROJECTION = Projection("births", version=1, tables=(births,), project=_project)
