"""`persons audit`: the key that signs checkpoints, and checking what was given out."""

import os
from datetime import UTC, datetime

import click
import msgspec

from api import audit_check, settings
from api.cli.opening import prepared_database
from api.cli.projects import as_json
from storage import projects
from storage.checkpoints import Notary


@click.group()
def audit() -> None:
    """Show the public key of the audit, and check what it gave out."""


@audit.command()
@as_json
def key(as_json: bool) -> None:
    """Print the public key that verifies checkpoints: a line for each project's log.

    Keep it where whoever can write to the database cannot. The last part, in base64, is the key by
    itself; before it stand the name of the log and a hash, as tools that verify notes take it.
    """
    secret = settings.audit_key(settings.read(os.environ))
    with prepared_database() as database:
        notary = Notary(database, secret=secret)
        with database.reading() as connection:
            chosen = [project.id for project in projects.every(connection)]
        keys = {each: notary.key(each, datetime.now(UTC)) for each in chosen}
    for project_id, public in keys.items():
        line = msgspec.json.encode({"project": project_id, "key": public}).decode()
        click.echo(line if as_json else f"{project_id}  {public}")


@audit.command()
@click.argument("file")
@click.option("--key", help="The public key, as `persons audit key` prints it.")
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    metavar="FILE",
    help="An earlier checkpoint that FILE is held to; may be given several times.",
)
@click.pass_context
def check(ctx: click.Context, file: str, key: str | None, checkpoints: tuple[str, ...]) -> None:
    """Check an export, a proof or a checkpoint, from files alone.

    \b
    persons audit check export.jsonl --checkpoint checkpoint.json --key …
    persons audit check proof.json --key …                  what GET …/audit/proof answered
    persons audit check new.json --checkpoint old.json      the log only grew meanwhile

    The file api/audit_check.py does the same by itself, wherever there is Python.
    """
    options = [f"--key={key}"] if key else []
    options += [f"--checkpoint={each}" for each in checkpoints]
    ctx.exit(audit_check.main([*options, "--", file]))
