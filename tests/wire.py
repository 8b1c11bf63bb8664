"""Capture over HTTP into a real store: what is answered, and what is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from storage import projects
from tests.kept import Kept, kept
from tests.project import Person, Project, new_project
from tests.service import Client

TOKEN = "phc_t"


class Wire:
    """A new project whose token is `phc_t`, and the service that it belongs to."""

    def __init__(self, client: Client, project: Project) -> None:
        self.client = client
        self.project = project

    def send(self, path: str, method: str = "POST", **options: Any) -> httpx.Response:
        """Return what a request is answered with."""
        return self.client.request(method, path, **options)

    def kept(self) -> list[Kept]:
        """Return the project's captured events, in the order in which they were taken in."""
        return kept(self.client.store.database, self.project.id)

    def names(self) -> list[str]:
        """Return the names of the captured events."""
        return [each.event for each in self.kept()]

    def persons(self) -> list[Person]:
        """Return the project's persons."""
        return self.project.persons()


@contextmanager
def wired(client: Client) -> Iterator[Wire]:
    """Give a new project the token, for as long as it lasts."""
    project = new_project(client)
    _set_token(client, project, TOKEN)
    try:
        yield Wire(client, project)
    finally:
        _set_token(client, project, projects.new_token())


def _set_token(client: Client, project: Project, token: str) -> None:
    with client.store.database.writing() as connection:
        projects.set_token(connection, project.id, token)
    project.token = token
