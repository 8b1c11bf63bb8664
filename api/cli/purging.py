"""`persons purge`: delete and erase for good, now, what waits for it."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import msgspec

from api import settings
from api.cli.opening import prepared_database
from api.cli.progress import progress_bar
from api.cli.projects import as_json
from api.purge.erasing import Tools
from api.purge.purging import Progress, Purge, Purged, purging_alone
from api.settings import Settings
from domain.events import Actor
from projections.views import Views
from storage.checkpoints import Notary
from storage.engine import Database
from storage.writer import Writer

PAUSE = 0.2  # seconds between two looks whether another purge has ended

in_full = click.option(
    "--full",
    "is_full",
    is_flag=True,
    help="On PostgreSQL, write all tables anew, so that no page keeps anything; others wait.",
)


@click.command()
@in_full
@as_json
def purge(is_full: bool, as_json: bool) -> None:
    """Delete and erase now what waits for it; the service does so each Sunday at 05:00 UTC.

    The captured events of queued persons are deleted; those deleted persons are erased whose
    retention (PERSONS_RETENTION_DAYS) is over, or who were deleted with erase=now. Then the pages
    of the database are cleaned of it. What is ended half-way, the next purge goes on with.
    """
    chosen = settings.read(os.environ)
    retention = timedelta(days=chosen.persons_retention_days)
    with purge_tools(chosen) as tools, bars() as show:
        work = Purge(tools, actor=Actor("system", "purge"), progress=show, is_full=is_full)
        purged = work.all(retention)
    if as_json:
        click.echo(msgspec.json.encode(purged))
    else:
        _print(purged)


@contextmanager
def purge_tools(chosen: Settings) -> Iterator[Tools]:
    """Give what a purge works with, and let no other be at work meanwhile."""
    with prepared_database() as database, _alone(database), ExitStack() as stack:
        writer = Writer(database, Views())
        stack.callback(writer.close)
        notary = Notary(database, secret=settings.audit_key(chosen))
        yield Tools(database, writer.submit, notary, lambda: datetime.now(UTC))


@contextmanager
def bars() -> Iterator[Progress]:
    """Give what shows how far a purge is: a bar for each thing that it does."""
    with ExitStack() as stack:
        bar = stack.enter_context(ExitStack())
        shown: tuple[str, Any] = ("", None)

        def show(doing: str, done: int, total: int) -> None:
            nonlocal shown
            if shown[0] != doing:
                bar.close()
                shown = doing, bar.enter_context(progress_bar(doing))
            shown[1](done, total or max(done, 1))

        yield show


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    is_alone = is_told = False
    while not is_alone:
        with purging_alone(database) as is_alone:
            if is_alone:
                yield
        if not is_alone:
            if not is_told:
                click.echo("another purge is at work; this one begins when it has ended", err=True)
            is_told = True
            time.sleep(PAUSE)


def _print(purged: Purged) -> None:
    click.echo(
        f"{purged.captured_events:,} captured events deleted, {purged.entries:,} orders done;"
        f" {purged.persons:,} persons erased, with {purged.events:,} events of the log and"
        f" {purged.warnings:,} warnings, in {purged.seconds:,.1f} s"
    )
    if purged.waiting:
        click.echo(f"{purged.waiting:,} orders are not done: captured events came in meanwhile")
    if purged.found:
        click.echo(f"{purged.found:,} rows still have a value of an erased person: see receipts")
    if not purged.is_clean:
        click.echo(
            "pages may hold traces of it until they are written over: on PostgreSQL --full writes"
            " all tables anew; on SQLite purge again when nobody reads for long"
        )
