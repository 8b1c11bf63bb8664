"""What tests of the persons API share: its address, and more projects and keys."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from domain.settings import Settings
from storage import projects
from tests.service import Client

PERSONS = "/api/projects/@current/persons"

Capture = Callable[..., object]
"""Captures an event: `capture(event, distinct_id, properties, **top)`."""


def refusal(code: str, detail: str, attr: str | None = None) -> dict[str, Any]:
    """Return the body of an answer to a wrong request."""
    return {"type": "validation_error", "code": code, "detail": detail, "attr": attr}


def new_project(client: Client) -> int:
    """Return the id of a new project, to which the client's key does not belong."""
    with client.store.database.writing() as connection:
        return projects.create(connection, "other", at=datetime.now(UTC)).id


def new_key(client: Client, *scopes: str, project_id: int = 1) -> dict[str, str]:
    """Return the headers of a new key with these scopes."""
    secret = projects.new_secret()
    with client.store.database.writing() as connection:
        projects.create_key(
            connection,
            project_id,
            secret=secret,
            name="narrow",
            scopes=scopes,
            at=datetime.now(UTC),
        )
    return {"Authorization": f"Bearer {secret}"}


def set_naming(client: Client, *keys: str) -> None:
    """Let project 1 name its persons by these properties."""
    with client.store.database.writing() as connection:
        chosen = Settings(display_name_properties=list(keys))
        projects.set_settings(connection, 1, chosen)
