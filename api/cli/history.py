"""`persons replay`: print what happened, as it stands in the log."""

import sys
from collections.abc import Iterable, Iterator
from uuid import UUID

import click
import msgspec
from sqlalchemy import Connection

from api.cli import choosing, what_if
from api.cli.opening import prepared_database
from api.cli.progress import progress_bar
from domain.values import JSON
from projections import differences, history
from projections.births import born_as
from projections.difference import Difference, Span
from projections.rebuilding.crew import crew
from projections.rebuilding.replaying import Stretch, lines, stretches
from projections.states import shown, states
from storage import log, places, projects, streams
from storage.engine import Database
from storage.repository import person_at

AHEAD = 8  # stretches that are told before they are printed


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
@click.option(
    "--diff",
    nargs=2,
    metavar="FROM TO",
    help="Print what differs between two positions or times instead, a line a person.",
)
@what_if.or_report
def replay(
    *,
    project_id: int | None,
    person: str | None,
    after: int,
    until: str | None,
    shows_state: bool,
    diff: tuple[str, str] | None,
) -> None:
    """Print history as JSON Lines, oldest first.

    \b
    persons replay --person 17                            all that happened to person 17
    persons replay --until 2026-01-31T00:00:00Z --state   all persons as they were then
    persons replay --diff 2026-01-01 2026-02-01           whom January changed, and in what
    persons replay --after 1200 | jq .type                what came behind position 1200
    persons replay --rules guard-alias=off --report       who would be whom by other rules

    The captured events can be replayed by other rules of merging, beside the store, to see which
    persons would be others: guard-identify, guard-alias, merge-dangerously and attach-identified,
    each =on or =off, and illegal-ids=a|b|c. In the store all are on, and no more ids are illegal.
    """
    if diff and (shows_state or after or until):
        raise click.UsageError("--diff goes with neither --after nor --until nor --state")
    with prepared_database() as database, database.reading() as connection:
        found = False
        for each in _chosen(connection, project_id):
            whole = Stretch(each, after, _position(connection, each, until))
            person_id = _person_id(connection, each, person) if person else None
            if person and not person_id:
                continue
            found = True
            if diff:
                _print(each, _differences(connection, each, person_id, diff))
            elif shows_state:
                _print(each, _states(database, connection, whole, person_id))
            elif person_id:
                _print(each, history.replay_person(connection, each, person_id, *whole[1:]))
            else:
                _print_all(database, whole)
    if person and not found:
        raise click.ClickException(f"there is no person {person}")


def _chosen(connection: Connection, project_id: int | None) -> list[int]:
    if project_id is not None:
        return [projects.by_id(connection, project_id).id]
    return [each.id for each in projects.every(connection)]


def _print(project_id: int, told: Iterable[dict[str, JSON]]) -> None:
    for each in told:
        click.echo(msgspec.json.encode({"project": project_id} | each))


def _print_all(database: Database, whole: Stretch) -> None:
    """Print what happened to all persons of a project, by several processes where that pays."""
    output = sys.stdout.buffer
    length = whole.until - whole.after
    with crew(database, length) as (_, workers), progress_bar("events", beside=output) as show:
        for told in workers.do(lines, stretches(whole), ahead=AHEAD):
            output.write(told.text)
            show(told.stretch.until - whole.after, length)
    output.flush()


def _differences(
    connection: Connection, project_id: int, person_id: UUID | None, diff: tuple[str, str]
) -> Iterator[dict[str, JSON]]:
    start, end = (_position(connection, project_id, each, option="--diff") for each in diff)
    if start > end:
        raise click.BadParameter("FROM lies behind TO", param_hint="--diff")
    span = Span(start, end)
    if person_id:
        found = differences.of_person(connection, project_id, person_id, span)
        return iter([] if found.is_empty else [_difference(found)])
    all_found = differences.of_project(connection, project_id, span, after=0)
    return (_difference(each) for _, each in all_found)


def _difference(found: Difference) -> dict[str, JSON]:
    changed = found.changed.items()
    return {
        "person": found.person_id,
        "kind": found.kind,
        "added": found.added,
        "changed": {key: {"before": before, "after": after} for key, (before, after) in changed},
        "removed": found.removed,
        "distinct_ids": {"gained": found.gained, "lost": found.lost},
    }


def _states(
    database: Database, connection: Connection, whole: Stretch, person_id: UUID | None
) -> Iterator[dict[str, JSON]]:
    project_id, _, until = whole
    if person_id is None:
        yield from map(shown, states(connection, project_id, until=until))
        return
    version = places.version_at(connection, project_id, person_id, until)
    person = person_at(database, project_id, person_id, version=version) if version else None
    if person and person.is_living:
        yield shown(person)


def _position(
    connection: Connection, project_id: int, text: str | None, *, option: str = "--until"
) -> int:
    head = log.head_position(connection, project_id)
    if text is None:
        return head
    return min(choosing.position(connection, project_id, text, option=option), head)


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
