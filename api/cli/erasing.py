"""`persons erase`: delete one person and erase its data, now."""

import os
import sys
from collections.abc import Collection
from uuid import UUID

import click
import msgspec

from api import settings
from api.cli import choosing
from api.cli.projects import as_json
from api.cli.purging import bars, in_full, purge_tools
from api.purge.erasing import Tools
from api.purge.purging import Person, Purge
from domain.commands import DeletePerson, Request
from domain.errors import PersonsError
from domain.events import Actor
from projections import people
from projections.known import known
from storage import erasure_receipts, event_deletions
from storage.erasure_receipts import Receipt
from storage.repository import person_at

ACTOR = Actor("system", "erase")


@click.command()
@click.option("--person", "named", required=True, help="Whom to erase, by integer id or uuid.")
@click.option("--project", "project_id", type=int, help="The project, if there are several.")
@click.option("--captured", is_flag=True, help="Delete the captured events as well.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@in_full
@as_json
def erase(  # noqa: PLR0917 - click hands them over by name
    named: str, project_id: int | None, captured: bool, yes: bool, is_full: bool, as_json: bool
) -> None:
    """Delete a person and erase its data for good, now; print the receipt.

    The receipt says what was erased, and in how many rows of which tables a search still found
    something of it. Of a person that was erased before, the receipt is printed again.
    """
    with purge_tools(settings.read(os.environ)) as tools, bars() as show:
        person = _find(tools, project_id, named, captured=captured)
        receipt = _receipt(tools, person)
        if receipt is None:
            _check_not_merged(tools, person)
        if captured or receipt is None:
            if not yes:
                _ask(named, captured=captured)
            queued = receipt.persons if receipt else [person.person_id]
            _order(tools, person, queued)
            Purge(tools, actor=ACTOR, progress=show, is_full=is_full).one(person, queued=queued)
        text = msgspec.json.encode(_receipt(tools, person))
    click.echo(text if as_json else msgspec.json.format(text))


def _find(tools: Tools, project_id: int | None, named: str, *, captured: bool) -> Person:
    """Return the person that is meant, be it one that was deleted or erased."""
    id = _id(named)
    with tools.database.reading() as connection:
        chosen = choosing.project(connection, project_id)
        found = known(connection, chosen, id)
    if found is None:
        raise click.ClickException(f"there is no person {named}")
    return Person(chosen, found.person_id, captured)


def _id(named: str) -> int | UUID:
    try:
        return int(named) if named.isdecimal() else UUID(named)
    except ValueError:
        message = f"{named!r} is neither an integer id nor a uuid"
        raise click.BadParameter(message, param_hint="--person") from None


def _receipt(tools: Tools, person: Person) -> Receipt | None:
    with tools.database.reading() as connection:
        return erasure_receipts.read(connection, person.project_id, person.person_id)


def _ask(named: str, *, captured: bool) -> None:
    if not is_terminal():
        raise click.UsageError("nobody can be asked here: say --yes")
    also = " and all its captured events" if captured else ""
    click.confirm(f"Erase person {named}{also}? Nothing brings it back.", abort=True, err=True)


def is_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty()


def _check_not_merged(tools: Tools, person: Person) -> None:
    state = person_at(tools.database, person.project_id, person.person_id)
    if state and state.merged_into:
        raise click.ClickException(
            f"person {person.person_id} was merged into {state.merged_into}: erase that one"
        )


def _order(tools: Tools, person: Person, queued: Collection[UUID]) -> None:
    """Let the person be deleted, and captured events be queued if they are to go."""
    project_id, person_id, captured = person
    with tools.database.reading() as connection:
        is_living = bool(people.by_person_ids(connection, project_id, [person_id]))
    if is_living:
        _delete(tools, person)
    elif captured:
        with tools.database.writing() as connection:
            event_deletions.queue(connection, project_id, queued, tools.clock())


def _delete(tools: Tools, person: Person) -> None:
    command = DeletePerson(
        person_id=person.person_id, deletes_events=person.captured, erases_now=True
    )
    asked = Request(project_id=person.project_id, commands=[command], actor=ACTOR, at=tools.clock())
    (result,) = tools.write(asked).result().results
    if isinstance(result, PersonsError):
        raise click.ClickException(str(result))
