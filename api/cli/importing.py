"""`persons import`: take over an export of ours, or PostHog's persons and captured events."""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice

import click
from sqlalchemy import Connection

from api.cli import choosing
from api.cli.import_report import Report
from api.cli.opening import prepared_database
from api.cli.progress import progress_bar
from api.cli.projects import as_json
from api.importing import files, foreign_persons
from api.importing.feed import carried_out
from api.importing.files import ImportFile, Kind
from api.importing.foreign_events import InOrder
from api.importing.foreign_persons import Skipped
from domain.commands import Capture, Done, ImportPerson, PersonImported
from domain.errors import PersonsError
from domain.foreign import ForeignPerson
from projections.comparing import Comparison
from projections.rebuilding.restore import restore
from storage import export_check, export_format
from storage.engine import Database
from storage.errors import ImportRefusedError

COMPARED_AT_ONCE = 500  # persons

_file = click.Path(exists=True, dir_okay=False, allow_dash=True)


@click.command("import")
@click.option("--project", "project_id", type=int, help="The project; not needed for the only one.")
@click.option("--persons", type=_file, help="PostHog persons to compare with once events are in.")
@as_json
@click.argument("path", metavar="FILE", type=_file)
def import_file(project_id: int | None, persons: str | None, as_json: bool, path: str) -> None:
    """Take over what is in a file; it may be compressed by gzip, and `-` is standard input.

    \b
    an export of ours    the project it was made of, with its id, its log and its digest
    PostHog persons      CSV or JSON, as its API lists them; nothing here is ever overwritten
    captured events      JSON Lines, as PostHog exports them: taken in by their own times

    What was begun and ended by force goes on when it is started again, and nothing is there twice.
    A damaged export is refused whole. All that is not here as it is in the file is named.
    """
    report = Report(as_json=as_json)
    try:
        with prepared_database() as database, files.opened(path) as file:
            kind = file.kind()
            if persons and kind != Kind.EVENTS:
                raise click.UsageError("--persons goes with captured events only")
            if kind == Kind.EXPORT:
                _import_export(database, file, report, project_id)
                return
            with database.reading() as connection:
                chosen = choosing.project(connection, project_id)
            if kind == Kind.EVENTS:
                _import_events(database, file, report, chosen, persons)
            else:
                _import_persons(database, file, kind, report, chosen)
    except ImportRefusedError as error:
        raise click.ClickException(str(error)) from error


def _import_export(
    database: Database, file: ImportFile, report: Report, project_id: int | None
) -> None:
    with progress_bar("checking") as show:
        header = export_check.check(file.lines(show))
    if project_id not in (None, header.project.id):
        raise ImportRefusedError(
            f"the export is of project {header.project.id} and can be no other's: "
            "the uuids of its persons are made from that number"
        )
    with progress_bar("importing") as show:
        restored = restore(database, map(export_format.read, file.lines(show)))
    as_of = restored.as_of
    text = (
        f"project {restored.project_id}: {restored.events:,} events were new here; the log is that "
        f"of the file up to position {as_of.position}, digest {as_of.digest}"
    )
    if restored.kept:
        text += f"\nkept as it was here: {', '.join(restored.kept)}"
    facts = {name: getattr(restored, name) for name in restored.__struct_fields__}
    report.summary({"file": Kind.EXPORT.value} | facts, text)


def _import_persons(
    database: Database, file: ImportFile, kind: Kind, report: Report, project_id: int
) -> None:
    counts = report.counts
    with progress_bar("persons") as show:
        commands = map(ImportPerson, _persons(file, kind, report, show))
        for command, result in carried_out(database, project_id, commands):
            match result:
                case PersonImported():
                    is_equal = not result.disagreements
                    counts["new" if result.is_new else "equal" if is_equal else "different"] += 1
                    for each in result.disagreements:
                        report.disagreement(each)
                case PersonsError():
                    report.refused(command.person.name, str(result))
    text = (
        "{new} persons are new, {equal} were here, {different} are others here, {skipped} skipped"
    )
    _sum_up(report, kind, ("new", "equal", "different", "skipped", "disagreements"), text)


def _persons(
    file: ImportFile, kind: Kind, report: Report, show: files.Progress
) -> Iterator[ForeignPerson]:
    for read in foreign_persons.persons(file, kind, show):
        if isinstance(read, Skipped):
            report.skipped(read)
        else:
            yield read


def _import_events(
    database: Database, file: ImportFile, report: Report, project_id: int, persons: str | None
) -> None:
    counts = report.counts
    with progress_bar("reading") as show:
        events = InOrder(file, show)
    for each in events.skipped:
        report.skipped(each)
    with closing(events), progress_bar("importing") as show:
        done = carried_out(database, project_id, map(Capture, events))
        for number, (_, result) in enumerate(done, start=1):
            assert isinstance(result, Done)  # a captured event is never refused
            was_known = "duplicates" if result.is_duplicate else None
            counts[was_known or ("dropped" if result.is_dropped else "new")] += 1
            for warning in result.warnings:
                report.warning(warning)
            show(number, events.count)
    names = ("new", "duplicates", "dropped", "skipped", "warnings")
    text = "{new} captured events are new, {duplicates} were here, {dropped} dropped, "
    _sum_up(report, Kind.EVENTS, names, text + "{skipped} skipped; {warnings} warnings")
    if persons:
        with files.opened(persons) as other, database.reading() as connection:
            _compare(connection, other, report, project_id)


def _compare(connection: Connection, file: ImportFile, report: Report, project_id: int) -> None:
    kind = file.kind()
    if kind not in (Kind.PERSONS_CSV, Kind.PERSONS_JSON):
        raise ImportRefusedError("the file to compare with does not hold persons")
    comparison = Comparison(connection, project_id)
    with progress_bar("comparing") as show:
        rest = _persons(file, kind, report, show)
        while chunk := list(islice(rest, COMPARED_AT_ONCE)):
            for each in comparison.compare(chunk):
                report.disagreement(each)
    for each in comparison.only_here():
        report.disagreement(each)
        report.counts["only_here"] += 1
    report.counts |= {"equal": comparison.equal, "different": comparison.different}
    text = "{equal} persons are equal, {different} are others here, {only_here} only here"
    _sum_up(report, kind, ("equal", "different", "only_here", "disagreements"), text)


def _sum_up(report: Report, kind: Kind, names: tuple[str, ...], text: str) -> None:
    facts = {name: report.counts[name] for name in names}
    words = {name: f"{count:,}" for name, count in facts.items()}
    report.summary({"file": kind.value} | facts, text.format(**words))
