"""`persons` itself: its commands, and how it ends where something is wrong."""

from typing import Any

import click

from api.cli import (
    audit,
    erasing,
    exporting,
    history,
    importing,
    projects,
    purging,
    rebuilding,
    schema,
    serving,
    verifying,
)
from api.settings import SettingsError
from storage.errors import StoreError

USAGE_ERROR = 2


class _Persons(click.Group):
    """Ends with one clear line and status 2 where a setting or the store is at fault."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (SettingsError, StoreError) as error:
            click.echo(f"persons: {error}", err=True)
            ctx.exit(USAGE_ERROR)


@click.group(cls=_Persons, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Keep persons as what happened to them, and speak PostHog's protocol.

    Begin with `persons serve`: it makes a SQLite file in this folder, prints a project token and
    an API key, and says what to try next. Every other command works beside a running service, on
    the database that DATABASE_URL names.
    """


main.add_command(serving.serve)
main.add_command(projects.projects)
main.add_command(projects.keys)
main.add_command(rebuilding.rebuild)
main.add_command(schema.schema)
main.add_command(history.replay)
main.add_command(verifying.verify)
main.add_command(audit.audit)
main.add_command(exporting.export)
main.add_command(importing.import_file)
main.add_command(purging.purge)
main.add_command(erasing.erase)
