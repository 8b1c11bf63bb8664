"""The databases that tests run on: always both kinds."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import pytest

from tests.machine import database_folder
from tests.postgres import Postgres

DATABASES = ["sqlite", "postgresql"]


@contextmanager
def new_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of a new database, of the kind that the fixture's parameter names."""
    if request.param == "sqlite":
        with TemporaryDirectory(dir=database_folder(), ignore_cleanup_errors=True) as folder:
            yield f"sqlite:///{folder}/persons.db"
    else:
        # Asked for here, so that a test on SQLite alone does not start a server.
        postgres: Postgres = request.getfixturevalue("postgres")
        with postgres.database() as url:
            yield url
