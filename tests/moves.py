"""Moving a project from one store to another: through the command line, and what is there after."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from sqlalchemy import Connection, Table, select

from api.cli import main
from projections.states import shown, states
from projections.verifying.verify import Report, verify
from projections.views import PROJECTIONS
from storage import log
from storage.engine import Database
from storage.exporting import export
from storage.schema import (
    captured_events,
    erasure_receipts,
    event_deletions,
    events,
    ingestion_warnings,
    logs,
    projects,
)

KEPT = (
    events,
    captured_events,
    ingestion_warnings,
    event_deletions,
    erasure_receipts,
    logs,
    projects,
)
"""The tables of which an export has all rows of its project."""


def persons(url: str, *arguments: object, input: bytes | None = None) -> Result:
    """Run `persons` on a database."""
    texts = [str(each) for each in arguments]
    return CliRunner().invoke(main, texts, input=input, env={"DATABASE_URL": url})


def done(url: str, *arguments: object, input: bytes | None = None) -> str:
    """Run `persons`, which must succeed, and return what it prints."""
    result = persons(url, *arguments, input=input)
    assert result.exit_code == 0, result.output
    return result.stdout


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Give a database that is there."""
    database = Database(url)
    yield database
    database.close()


def verified(url: str) -> Report:
    """Return what comes of verifying a store."""
    with opened(url) as database:
        return verify(database)


def contents(url: str) -> dict[str, list[Any]]:
    """Return all rows of the log, of what stands beside it and of all views, by table."""
    views = [table for projection in PROJECTIONS for table in projection.tables]
    with opened(url) as database, database.reading() as connection:
        return {table.name: _rows(connection, table) for table in (*KEPT, *views)}


def _rows(connection: Connection, table: Table) -> list[Any]:
    # The databases sort texts each in its own way.
    return sorted((tuple(row) for row in connection.execute(select(table))), key=repr)


def everyone(url: str, project_id: int = 1) -> dict[str, dict[str, Any]]:
    """Return the living persons of a project, each by its first distinct id."""
    with opened(url) as database, database.reading() as connection:
        until = log.head_position(connection, project_id)
        found = [shown(each) for each in states(connection, project_id, until=until)]
    return {each["distinct_ids"][0]: each for each in found}


def exported(database: Database, project_id: int, *, as_of: int | None = None) -> bytes:
    """Return an export of a project."""
    with database.reading() as connection:
        return b"".join(export(connection, project_id, as_of=as_of))


def signed(kept: list[bytes]) -> bytes:
    """Return lines with a last line that fits them: whoever damages them may do that too."""
    end = json.loads(kept[-1])
    for kind in end["lines"]:
        end["lines"][kind] = sum(json.loads(line)["kind"] == kind for line in kept)
    end["sha256"] = sha256(b"".join(kept[:-1])).hexdigest()
    return b"".join(kept[:-1]) + json.dumps(end).encode() + b"\n"


def told(url: str, *arguments: object) -> list[dict[str, Any]]:
    """Return what an import tells as JSON; the summaries stand at the end."""
    return [json.loads(line) for line in done(url, "import", "--json", *arguments).splitlines()]


def written(folder: Path, text: str | bytes, name: str = "file") -> Path:
    """Return the path of a new file with a text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def json_lines(*values: Any) -> str:
    """Return values as JSON Lines."""
    return "".join(json.dumps(each) + "\n" for each in values)
