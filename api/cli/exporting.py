"""`persons export`: a project as JSON Lines, complete, and the same whenever it is asked for."""

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import click

from api.cli import choosing
from api.cli.opening import prepared_database
from api.cli.progress import progress_bar
from storage import exporting


@click.command()
@click.option("--project", "project_id", type=int, help="The project; not needed for the only one.")
@click.option("--as-of", help="A position, or an ISO 8601 time; all there is if not given.")
@click.argument("path", metavar="FILE")
def export(project_id: int | None, as_of: str | None, path: str) -> None:
    """Write a project to a file: its log with all who were deleted, and its captured events.

    FILE is `-` for standard output; a name that ends in .gz is compressed. `persons import` makes
    the same project of it, with the same digest, and `persons audit check` checks it offline. With
    --as-of the file is the same, byte for byte, however often and whenever it is written: only what
    was erased, and captured events that were deleted, are missing from then on. Where it ends
    before the event that announces an erasure, neither import nor check takes it: nothing tells it
    from tampering. API keys are not in it: make new ones.
    """
    with (
        prepared_database() as database,
        database.reading() as connection,
        progress_bar("events") as show,
        written(path) as file,
    ):
        chosen = choosing.project(connection, project_id)
        position = (
            None
            if as_of is None
            else choosing.position(connection, chosen, as_of, option="--as-of")
        )
        for line in exporting.export(connection, chosen, as_of=position, progress=show):
            file.write(line)


@contextmanager
def written(path: str) -> Iterator[IO[bytes]]:
    """Give what is to be written to; a regular file is there once all of it is, and not before.

    Raises:
        click.FileError: it cannot be written to.
    """
    if path == "-":
        yield sys.stdout.buffer
        return
    target = Path(path)
    is_special = target.exists() and not target.is_file()
    partial = target if is_special else target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file, _compressed(file, target.suffix) as compressed:
            yield compressed
        if not is_special:
            partial.replace(target)
    except OSError as error:
        raise click.FileError(path, error.strerror) from error
    finally:
        if not is_special:
            partial.unlink(missing_ok=True)


@contextmanager
def _compressed(file: IO[bytes], suffix: str) -> Iterator[IO[bytes]]:
    if suffix != ".gz":
        yield file
        return
    # Without a name and a time of its own, what is the same inside is the same outside.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as compressed:
        yield cast(IO[bytes], compressed)
