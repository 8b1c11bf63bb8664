"""What a service answered, held against what its database has; commands beside the service."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from click.testing import CliRunner
from sqlalchemy import func, select

from api.cli import main
from storage.engine import Database
from storage.schema import events, logs
from tests import person_model
from tests.kept import kept
from tests.load import Load
from tests.project import Project
from tests.scenario import Event
from tests.server import Server


@contextmanager
def opened(database_url: str) -> Iterator[Database]:
    """Give a database past its service."""
    database = Database(database_url)
    try:
        yield database
    finally:
        database.close()


def stored(database: Database) -> list[Event]:
    """Return what is kept of the events that were captured, in order."""
    return [
        each._asdict()
        | {
            "uuid": str(each.uuid),
            "timestamp": each.timestamp.isoformat().replace("+00:00", "Z"),
        }
        for each in kept(database, 1)
    ]


def check(database: Database, server: Server, load: Load) -> None:
    """See that all that was answered is there, and nothing by half."""
    found = stored(database)
    uuids = {each["uuid"] for each in found}
    assert load.answered <= uuids
    for sent in load.sent:
        assert len(uuids & set(sent.uuids)) in {0, len(sent.uuids)}
    check_log(database)
    with httpx.Client(base_url=server.url) as http:
        assert Project(http).persons() == person_model.persons(found, 1)


def check_log(database: Database) -> None:
    """See that neither the log nor any stream in it has a gap."""
    with database.reading() as connection:
        ours = events.c.project_id == 1
        positions = select(events.c.position).where(ours).order_by(events.c.position)
        head = connection.execute(select(logs.c.position).where(logs.c.project_id == 1))
        assert list(connection.execute(positions).scalars()) == list(
            range(1, head.scalar_one() + 1)
        )
        streams = select(func.max(events.c.version), func.count()).group_by(events.c.person_id)
        assert all(last == count for last, count in connection.execute(streams))


def command(*arguments: str, database_url: str) -> str:
    """Return what a command of `persons` prints, beside the service."""
    ended = CliRunner(env={"DATABASE_URL": database_url}).invoke(main, arguments)
    assert ended.exit_code == 0, ended.output
    return ended.output
