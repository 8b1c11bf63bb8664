"""`persons rebuild`: make projections again from the events."""

import time

import click

from api.cli.opening import prepared_database
from api.cli.progress import progress_bar
from projections.rebuilding.rebuild import rebuild as rebuild_projections
from projections.views import PROJECTIONS

_BY_NAME = {each.name: each for each in PROJECTIONS}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(_BY_NAME)), metavar="[PROJECTION]…")
def rebuild(names: tuple[str, ...]) -> None:
    """Build projections anew from the events: those named, or all.

    The service goes on meanwhile; the new tables take the old ones' place at once, at the end.
    Where a rebuild of the same projections was broken off, this one goes on.
    """
    chosen = [_BY_NAME[name] for name in names] or list(PROJECTIONS)
    started = time.perf_counter()
    with prepared_database() as database, progress_bar("events") as show:
        count = rebuild_projections(database, chosen, progress=show)
    seconds = time.perf_counter() - started
    named = ", ".join(each.name for each in chosen)
    click.echo(f"{named}: built from {count} events in {seconds:.1f} s")
