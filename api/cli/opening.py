"""Opening the database that the environment names, for commands that work beside the service."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from api import settings
from api.databases import open_database, prepare
from storage.engine import Database


@contextmanager
def prepared_database() -> Iterator[Database]:
    """Give the database, its schema up to date."""
    database = open_database(settings.read(os.environ))
    try:
        database.check()
        prepare(database)
        yield database
    finally:
        database.close()
