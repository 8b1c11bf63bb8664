"""`persons replay`: print what happened, as it stands in the log."""

from collections.abc import Iterator
from uuid import UUID

import click
import msgspec
from sqlalchemy import Connection

from api.cli import choosing, what_if
from api.cli.opening import prepared_database
from domain.values import JSON
from projections import history
from projections.births import born_as
from projections.states import shown, states
from storage import log, places, projects, streams
from storage.engine import Database
from storage.repository import person_at


@click.command()
@click.option("--project", "project_id", type=int, help="Only this project.")
@click.option("--person", help="Only this person, by integer id or uuid.")
@click.option(
    "--after",
    type=click.IntRange(0, choosing.MAX_POSITION),
    default=0,
    help="Only behind this position.",
)
@click.option("--until", help="Only up to this position, or this ISO 8601 time.")
@click.option("--state", "shows_state", is_flag=True, help="Print persons as they were instead.")
@what_if.or_report
def replay(
    project_id: int | None, person: str | None, after: int, until: str | None, shows_state: bool
) -> None:
    """Print history as JSON Lines, oldest first.

    \b
    persons replay --person 17                            all that happened to person 17
    persons replay --until 2026-01-31T00:00:00Z --state   all persons as they were then
    persons replay --after 1200 | jq .type                what came behind position 1200
    persons replay --rules guard-alias=off --report       who would be whom by other rules

    The captured events can be replayed by other rules of merging, beside the store, to see which
    persons would be others: guard-identify, guard-alias, merge-dangerously and attach-identified,
    each =on or =off, and illegal-ids=a|b|c. In the store all are on, and no more ids are illegal.
    """
    with prepared_database() as database, database.reading() as connection:
        every = [each.id for each in projects.every(connection)]
        chosen = every if project_id is None else [project_id]
        found = False
        for each in chosen:
            last = _position(connection, projects.by_id(connection, each).id, until)
            person_id = _person_id(connection, each, person) if person else None
            if person and not person_id:
                continue
            found = True
            lines = (
                _states(database, connection, each, person_id, last)
                if shows_state
                else _events(connection, each, person_id, after, last)
            )
            for line in lines:
                click.echo(msgspec.json.encode({"project": each} | line))
    if person and not found:
        raise click.ClickException(f"there is no person {person}")


def _events(
    connection: Connection, project_id: int, person_id: UUID | None, after: int, until: int
) -> Iterator[dict[str, JSON]]:
    if person_id:
        return history.replay_person(connection, project_id, person_id, after=after, until=until)
    return history.replay(connection, project_id, after=after, until=until)


def _states(
    database: Database,
    connection: Connection,
    project_id: int,
    person_id: UUID | None,
    until: int,
) -> Iterator[dict[str, JSON]]:
    if person_id is None:
        yield from map(shown, states(connection, project_id, until=until))
        return
    version = places.version_at(connection, project_id, person_id, until)
    person = person_at(database, project_id, person_id, version=version) if version else None
    if person and person.is_living:
        yield shown(person)


def _position(connection: Connection, project_id: int, until: str | None) -> int:
    if until is None:
        return log.head_position(connection, project_id)
    return choosing.position(connection, project_id, until, option="--until")


def _person_id(connection: Connection, project_id: int, person: str) -> UUID | None:
    """Return the uuid of a person that lives or has lived."""
    if not person.isdecimal():
        try:
            person_id = UUID(person)
        except ValueError:
            message = f"{person!r} is neither an integer id nor a uuid"
            raise click.BadParameter(message, param_hint="--person") from None
        return person_id if streams.existing(connection, project_id, [person_id]) else None
    return born_as(connection, project_id, int(person))
