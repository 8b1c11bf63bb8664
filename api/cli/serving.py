"""`persons serve`: the service itself."""

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Any

import click
import uvicorn
from msgspec.structs import replace
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from api import settings as environment
from api.cli.listening import address, free_port
from api.databases import open_database, open_replica, prepare
from api.service import logs
from api.service.metrics_page import FOLDER
from api.service.stopping import STOP_TIMEOUT
from api.settings import MEANINGS, Settings, SettingsError
from storage import projects
from storage.access import opened_by
from storage.engine import Database
from storage.migrate import take_start_lock
from storage.replica import is_replica

KEEP_ALIVE = 75  # seconds, longer than proxies keep a connection that they use again

WHAT_NEXT = """
Try it:
  curl {url}/capture/ -d '{{"api_key": "{token}",
      "event": "signed up", "distinct_id": "mia", "$set": {{"plan": "free"}}}}'
  curl -H 'Authorization: Bearer {key}' '{url}/api/projects/@current/persons?search=mia'
  curl -H 'Authorization: Bearer {key}' {url}/api/projects/@current/persons/1

Or from Python, after `pip install posthog`:
  from posthog import Posthog
  posthog = Posthog("{token}", host="{url}")
  posthog.set(distinct_id="mia", properties={{"plan": "pro"}})
  posthog.capture("paid", distinct_id="mia", properties={{"amount": 12}})
  posthog.flush()
"""

SETTINGS_HELP = "\b\nSettings, from the environment:\n" + "\n".join(
    f"  {name:<22} {meaning}" for name, meaning in MEANINGS.items()
)


@click.command(epilog=SETTINGS_HELP)
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on.  [default: 8000]")
@click.option("--workers", type=int, help="Processes; more than one needs PostgreSQL.")
@click.option("--database-url", help="Where the store is.  [default: sqlite:///persons.db]")
def serve(
    host: str | None, port: int | None, workers: int | None, database_url: str | None
) -> None:
    """Serve HTTP until SIGTERM or SIGINT, then finish what is in flight.

    The first start makes the tables, a project, its token and an API key, and prints both once.
    """
    given = {
        "HOST": host,
        "PORT": port,
        "WEB_CONCURRENCY": workers,
        "DATABASE_URL": database_url,
    }
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    settings = environment.read(os.environ)
    database = open_database(settings)
    if database.is_sqlite and settings.web_concurrency > 1:
        if workers is not None:
            raise SettingsError("--workers: more than one worker needs PostgreSQL")
        # Platforms set WEB_CONCURRENCY by the size of the machine, whatever runs on it.
        settings = replace(settings, web_concurrency=1)
    replica = open_replica(settings)
    with closing(database):
        database.check()
        _check_replica(database, replica)
        with database.serving_alone():
            # Before anything is made and printed, for a key is shown once only.
            settings = replace(settings, port=free_port(settings))
            prepare(database)
            _ensure_project(database, settings)
            database.close()
            _run(settings)


def _check_replica(database: Database, replica: Database | None) -> None:
    """Refuse what is no replica of the database; one that is away for now may come back."""
    if replica is None:
        return
    try:
        if not is_replica(replica, of=database):
            raise SettingsError("READ_DATABASE_URL: this is no streaming replica of DATABASE_URL")
    except DBAPIError as error:
        reason, *_ = str(error.orig).splitlines()
        click.echo(f"The replica cannot be read now, so the primary is: {reason}", err=True)
    finally:
        replica.close()


def _ensure_project(database: Database, settings: Settings) -> None:
    """Let project 1 exist, with the token and the key that the settings name, or new ones."""
    at = datetime.now(UTC)
    token = settings.persons_project_token
    with database.writing() as connection:
        take_start_lock(connection)
        project = projects.by_ids(connection, [1]).get(1)
        is_first = project is None
        if project is None:
            project = projects.create(connection, "Default project", at=at, token=token)
        elif token and project.token != token:
            projects.set_token(connection, project.id, token)
        new_secret = _ensure_key(connection, settings.persons_api_key, at)
    if new_secret or (is_first and token is None):
        _introduce(settings, project.token, new_secret)


def _ensure_key(connection: Connection, secret: str | None, at: datetime) -> str | None:
    """Let a key with all scopes exist; return the one that was made up, if one was."""
    if secret is None and projects.keys(connection):
        return None
    known = secret and opened_by(connection, [secret]).get(secret)
    if not known:
        projects.create_key(
            connection,
            1,
            secret=(new := secret or projects.new_secret()),
            name="PERSONS_API_KEY" if secret else "first key",
            scopes=projects.ALL_SCOPES,
            at=at,
        )
        return None if secret else new
    if known.project.id != 1 or known.key.scopes != projects.ALL_SCOPES:
        raise SettingsError("PERSONS_API_KEY: this key is another project's, or lacks scopes")
    return None


def _introduce(settings: Settings, token: str, secret: str | None) -> None:
    url = settings.site_url or address(settings)
    click.echo(f"Project token, for SDKs:              {token}")
    if secret:
        click.echo(f"API key, secret, shown this once only: {secret}")
    key = secret or settings.persons_api_key
    click.echo(WHAT_NEXT.format(url=url, token=token, key=key))


def _run(settings: Settings) -> None:
    options: dict[str, Any] = {
        "factory": True,
        "host": settings.host,
        "port": settings.port,
        "workers": settings.web_concurrency,
        "loop": "uvloop",
        "http": "httptools",
        "access_log": False,
        "log_config": None,
        "timeout_keep_alive": KEEP_ALIVE,
        "timeout_graceful_shutdown": STOP_TIMEOUT,
        "timeout_worker_healthcheck": STOP_TIMEOUT,
        "server_header": False,
        "forwarded_allow_ips": settings.forwarded_allow_ips,
    }
    logs.configure(settings.log_level)
    if settings.web_concurrency > 1:
        # The process above the workers says when one of them has died, but not loudly.
        logging.getLogger("uvicorn.error").setLevel(settings.log_level.upper())
    # For a signal that comes before uvicorn listens to them, and for the one that has stopped it,
    # which it raises again: both end with status 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    click.echo(f"Serving on {address(settings)}", err=True)
    with _counting_together(settings.web_concurrency):
        uvicorn.run("api.app:from_environment", **options)


@contextmanager
def _counting_together(workers: int) -> Iterator[None]:
    """Let several workers find a folder in which their metrics come together."""
    if workers == 1:
        os.environ.pop(FOLDER, None)
        yield
        return
    with TemporaryDirectory(prefix="persons-metrics-") as os.environ[FOLDER]:
        yield
