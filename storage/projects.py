"""Projects, their settings, and the keys that open them."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, update

from domain.settings import Settings
from domain.values import encode
from storage.chain import GENESIS
from storage.errors import KeyTakenError, ProjectNotFoundError
from storage.schema import api_keys, logs, projects
from storage.values import EPOCH, as_time

MAX_ID = 2**31 - 1  # of projects and of keys

_settings = msgspec.json.Decoder(Settings)

ALL_SCOPES = ("*",)
SCOPES = (*ALL_SCOPES, "person:read", "person:write", "activity_log:read")


class Project(Struct, frozen=True, kw_only=True):
    """A project; `token` is public and lets SDKs write captured events."""

    id: int
    name: str
    token: str
    settings: Settings
    created_at: datetime


class Key(Struct, frozen=True, kw_only=True):
    """An API key, of which only the hash is kept. `revoked_at` is None while it opens doors."""

    id: int
    project_id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None

    def allows(self, scope: str) -> bool:
        """Tell whether the key has a scope such as `person:read`; writing includes reading."""
        accepted = {"*", scope, scope.replace(":read", ":write")}
        return not accepted.isdisjoint(self.scopes)


def new_token() -> str:
    """Return a project token that was never given out."""
    return f"phc_{secrets.token_urlsafe(32)}"


def new_secret() -> str:
    """Return an API key that was never given out."""
    return f"phx_{secrets.token_urlsafe(32)}"


def hash_of(secret: str) -> str:
    """Return what is kept of an API key; 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create(connection: Connection, name: str, *, at: datetime, token: str | None = None) -> Project:
    """Create a project with an empty log."""
    project_id = (connection.execute(select(func.max(projects.c.id))).scalar() or 0) + 1
    project = Project(
        id=project_id, name=name, token=token or new_token(), settings=Settings(), created_at=at
    )
    add(connection, project)
    return project


def add(connection: Connection, project: Project) -> None:
    """Write a new project, with an empty log."""
    row = msgspec.structs.asdict(project) | {"settings": encode(project.settings).decode()}
    connection.execute(insert(projects).values(row))
    head = insert(logs).values(position=0, digest=GENESIS, recorded_at=EPOCH, next_number=1)
    connection.execute(head.values(project_id=project.id))


def every(connection: Connection) -> list[Project]:
    """Return all projects, by id."""
    rows = connection.execute(select(projects).order_by(projects.c.id))
    return list(map(project_of, rows))


def by_ids(connection: Connection, project_ids: Sequence[int]) -> dict[int, Project]:
    """Return projects by id."""
    possible = [each for each in project_ids if each <= MAX_ID]
    rows = connection.execute(select(projects).where(projects.c.id.in_(possible)))
    return {project.id: project for project in map(project_of, rows)}


def by_id(connection: Connection, project_id: int) -> Project:
    """Return a project.

    Raises:
        ProjectNotFoundError: there is none with this id.
    """
    if project := by_ids(connection, [project_id]).get(project_id):
        return project
    raise ProjectNotFoundError(f"there is no project {project_id}")


def set_token(connection: Connection, project_id: int, token: str) -> None:
    """Give a project another token.

    Raises:
        KeyTakenError: it is another project's.
    """
    if connection.execute(select(projects.c.id).where(projects.c.token == token)).first():
        raise KeyTakenError("this project token is another project's")
    connection.execute(update(projects).where(projects.c.id == project_id).values(token=token))


def set_settings(connection: Connection, project_id: int, settings: Settings) -> None:
    """Give a project other settings; the next batch follows them."""
    text = encode(settings).decode()
    connection.execute(update(projects).where(projects.c.id == project_id).values(settings=text))


def create_key(
    connection: Connection,
    project_id: int,
    *,
    secret: str,
    name: str,
    scopes: Sequence[str],
    at: datetime,
) -> Key:
    """Create an API key that opens one project with these scopes.

    Raises:
        ProjectNotFoundError: there is no such project.
        KeyTakenError: the key is known; it opens something else, or was revoked.
    """
    by_id(connection, project_id)
    if connection.execute(select(api_keys.c.id).where(api_keys.c.hash == hash_of(secret))).first():
        raise KeyTakenError("this API key was revoked, or is in use")
    result = connection.execute(
        insert(api_keys)
        .values(
            project_id=project_id,
            name=name,
            hash=hash_of(secret),
            scopes=" ".join(scopes),
            created_at=at,
        )
        .returning(api_keys)
    )
    return key_of(result.one())


def keys(connection: Connection) -> list[Key]:
    """Return all keys, by id, also those revoked."""
    return list(map(key_of, connection.execute(select(api_keys).order_by(api_keys.c.id))))


def revoke_key(connection: Connection, key_id: int, *, at: datetime) -> bool:
    """Let a key open nothing any more; tell whether there was such a key, not yet revoked."""
    changed = connection.execute(
        update(api_keys)
        .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return changed.rowcount > 0


def project_of(row: Sequence[Any]) -> Project:
    """Return the project that a row of its table says."""
    id, name, token, settings, created_at = row
    return Project(
        id=id,
        name=name,
        token=token,
        settings=_settings.decode(settings),
        created_at=as_time(created_at),
    )


def key_of(row: Sequence[Any]) -> Key:
    """Return the API key that a row of its table says."""
    id, project_id, name, _, scopes, created_at, revoked_at = row
    return Key(
        id=id,
        project_id=project_id,
        name=name,
        scopes=tuple(scopes.split()),
        created_at=as_time(created_at),
        revoked_at=revoked_at and as_time(revoked_at),
    )
