"""Which project, and which position of its log, a command is about."""

from datetime import UTC, datetime

import click
from sqlalchemy import Connection

from storage import places, projects

MAX_POSITION = 2**63 - 1


def project(connection: Connection, project_id: int | None) -> int:
    """Return the id of a project that is there: the one asked for, or the only one there is.

    Raises:
        ProjectNotFoundError: there is no such project.
        UsageError: none was asked for, and there is not just one.
    """
    if project_id is not None:
        return projects.by_id(connection, project_id).id
    found = [each.id for each in projects.every(connection)]
    if len(found) == 1:
        return found[0]
    there_are = f"there are projects {', '.join(map(str, found))}" if found else "there is none"
    raise click.UsageError(f"--project is needed: {there_are}")


def position(connection: Connection, project_id: int, text: str, *, option: str) -> int:
    """Return the position that a text names: by itself, or as the last one up to a time.

    Raises:
        BadParameter: it names none; `option` is what it was given as.
    """
    if text.isdecimal():
        return min(int(text), MAX_POSITION)
    try:
        at = datetime.fromisoformat(text)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        message = f"{text!r} is neither a position nor an ISO 8601 time"
        raise click.BadParameter(message, param_hint=option) from None
    return places.position_at(connection, project_id, at)
