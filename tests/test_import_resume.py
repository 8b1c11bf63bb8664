"""An import that was killed goes on when it is started again, and nothing is there twice."""

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.exc import DBAPIError

from storage.engine import Database
from storage.exporting import export
from storage.schema import captured_events, events
from tests import moves
from tests.audited import audited, new_life
from tests.killed import kill
from tests.lives import march
from tests.moves import contents, done, everyone, verified

KILLS = {"exported": 4, "captured": 3, "persons": 3}  # on each database
EVENTS = 3_000


class Material(NamedTuple):
    """A file to import, and a database into which it was imported without a break."""

    path: Path
    url: str
    kills: int
    needs_project: bool


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("material")


@pytest.fixture(scope="module")
def exported(folder: Path) -> Material:
    """An export, and the database that it was made of."""
    url = f"sqlite:///{folder}/origin.db"
    with audited(url) as database, new_life(database) as life:
        for n in range(EVENTS // 500):
            sets = [(march(n % 20 + 1), {"$set": {"n": m}}) for m in range(500)]
            life.capture_all(sets, distinct_id=f"user {n % 5}")
        with life.database.reading() as connection:
            lines = export(connection, life.project_id)
            (folder / "export").write_bytes(b"".join(lines))
    return Material(folder / "export", url, KILLS["exported"], needs_project=False)


@pytest.fixture(scope="module")
def captured(folder: Path) -> Material:
    """Captured events, mixed in time, with a merge now and then."""
    chance = random.Random(8)
    sent: list[dict[str, object]] = [
        {
            "event": "$identify" if n % 40 == 0 else "$set",
            "distinct_id": f"user {chance.randrange(60)}",
            "timestamp": f"2023-01-{chance.randint(1, 28):02}T00:00:00Z",
            "properties": {"$set": {"n": n}, "$anon_distinct_id": f"anon {chance.randrange(60)}"},
        }
        for n in range(EVENTS)
    ]
    return _imported(folder, "captured", sent)


@pytest.fixture(scope="module")
def persons(folder: Path) -> Material:
    """Persons of PostHog."""
    found: list[dict[str, object]] = [
        {"distinct_ids": [f"user {n}", f"anon {n}"], "properties": {"n": n}, "is_identified": True}
        | {"created_at": "2023-01-01T00:00:00Z"}
        for n in range(EVENTS // 2)
    ]
    return _imported(folder, "persons", found)


def _imported(folder: Path, name: str, records: list[dict[str, object]]) -> Material:
    url = f"sqlite:///{folder}/{name}.db"
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    done(url, "projects", "create", "moved")
    done(url, "import", path)
    return Material(path, url, KILLS[name], needs_project=True)


def rows(url: str, table: Table) -> int:
    """Return how many rows a table has."""
    with moves.opened(url) as database:
        return _rows(database, table)


def _rows(database: Database, table: Table) -> int:
    with suppress(DBAPIError), database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()
    return 0  # the table is not there yet


def kill_at(url: str, path: Path, length: int) -> bool:
    """Import, and kill that once the log is so long; tell whether there was something to kill."""
    with moves.opened(url) as database:
        return kill(url, "import", str(path), when=lambda: _rows(database, events) >= length)


@pytest.fixture(params=KILLS)
def material(request: pytest.FixtureRequest) -> Material:
    made: Material = request.getfixturevalue(request.param)
    return made


def test_a_killed_import_goes_on(material: Material, database_url: str, seed: int) -> None:
    if material.needs_project:
        done(database_url, "projects", "create", "moved")
    chance = random.Random(seed)
    last = rows(material.url, events)
    points = sorted(chance.randrange(last * 8 // 10) for _ in range(material.kills))
    killed = [kill_at(database_url, material.path, point) for point in points]
    done(database_url, "import", material.path)

    assert sum(killed) >= material.kills - 1  # one may have come to its end
    assert rows(database_url, events) == last
    assert rows(database_url, captured_events) == rows(material.url, captured_events)
    assert verified(database_url).is_right
    if material.needs_project:
        assert everyone(database_url) == everyone(material.url)
    else:
        assert contents(database_url) == contents(material.url)
