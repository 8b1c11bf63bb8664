"""`persons verify`: prove that the store is right, or name what is not."""

from datetime import UTC, datetime

import click
import msgspec

from api.cli.opening import prepared_database
from api.cli.progress import progress_bar
from api.cli.projects import as_json
from projections.verifying import verifications
from projections.verifying.findings import Finding
from projections.verifying.verifications import Summary
from projections.verifying.verify import Report
from projections.verifying.verify import verify as verify_store
from storage import projects


@click.command()
@click.option("--project", "project_id", type=int, help="Only this project.")
@as_json
@click.pass_context
def verify(ctx: click.Context, project_id: int | None, as_json: bool) -> None:
    """Check the log, and compare all views with what the events make of them.

    The chain of the log is followed from the first event on, and compared with its tree and with
    every checkpoint that was given out; then all events are replayed beside the live views, and
    every row of these is compared. The service goes on meanwhile, and shows at /_verify what came
    of it. The status is 0 if all is right; else 1, and every difference is printed.
    """
    with prepared_database() as database:
        if project_id is not None:
            with database.reading() as connection:
                projects.by_id(connection, project_id)
        with progress_bar("events") as show:
            report = verify_store(database, project_id=project_id, progress=show)
        at = datetime.now(UTC)
        summary = verifications.keep(database, report, project_id=project_id, at=at)
    if as_json:
        found = [each._asdict() for each in report.findings]
        click.echo(msgspec.json.encode(msgspec.structs.asdict(summary) | {"findings": found}))
    else:
        _print(report, summary)
    ctx.exit(0 if report.is_right else 1)


def _print(report: Report, summary: Summary) -> None:
    for finding in report.findings:
        click.echo(_line(finding))
    click.echo(
        f"{summary.events:,} events, {summary.persons:,} persons, {summary.rows:,} rows and"
        f" {summary.checkpoints:,} checkpoints verified in {summary.seconds:,.1f} s"
    )
    for project_id, head in summary.heads.items():
        click.echo(f"project {project_id}: the digest of the last event is {head}")
    if report.findings:
        click.echo(f"{len(report.findings):,} found wrong: this is not what was written")
    else:
        click.echo("all is right")


def _line(finding: Finding) -> str:
    place = [f"project {finding.project_id}"]
    if finding.position is not None:
        place.append(f"position {finding.position}")
    if finding.person_id:
        place.append(f"person {finding.person_id}")
    return f"{', '.join(place)}: {finding.detail}"
