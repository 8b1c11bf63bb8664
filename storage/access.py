"""What API keys and project tokens open: the first thing that every request asks."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Text, select

from storage.projects import Key, Project, hash_of, key_of, project_of
from storage.queries import Query, among
from storage.schema import api_keys, projects

_KEY_COLUMNS = len(api_keys.columns)


class Access(NamedTuple):
    """A key, and the project that it opens."""

    key: Key
    project: Project


def opened_by(connection: Connection, secrets: Sequence[str]) -> dict[str, Access]:
    """Return what the keys with these secrets open, by secret, leaving out those revoked."""
    hashes = {hash_of(secret): secret for secret in secrets}
    rows = _by_hashes.run(connection, {"hashes": list(hashes)})
    return {
        hashes[hash]: Access(key_of(row[:_KEY_COLUMNS]), project_of(row[_KEY_COLUMNS:]))
        for hash, *row in rows
        if row[0] is not None
    }


def projects_of(connection: Connection, tokens: Sequence[str]) -> dict[str, Project]:
    """Return the projects that tokens belong to, by token."""
    rows = _by_tokens.run(connection, {"tokens": list(tokens)})
    return {row.token: project_of(row) for row in rows if row.token is not None}


@Query
def _by_tokens(dialect: str) -> Select[Any]:
    token = among(dialect, "tokens", Text)
    return select(projects).select_from(token.table.outerjoin(projects, projects.c.token == token))


@Query
def _by_hashes(dialect: str) -> Select[Any]:
    hash = among(dialect, "hashes", Text)
    is_asked = (api_keys.c.hash == hash) & api_keys.c.revoked_at.is_(None)
    found = hash.table.outerjoin(api_keys, is_asked)
    found = found.outerjoin(projects, projects.c.id == api_keys.c.project_id)
    return select(hash, api_keys, projects).select_from(found)
