"""Who may do what: the key in a request, the project it opens, the scopes it has."""

from contextlib import suppress

from api.errors import ApiError, Error, not_found
from api.store import Store
from storage.access import Access
from storage.projects import Key, Project

READ = "person:read"
WRITE = "person:write"
READ_ACTIVITY = "activity_log:read"

CURRENT = "@current"
"""The project id that stands for the project of the key."""

MAX_PROJECT_ID = 2**31 - 1

_CHALLENGE = {"WWW-Authenticate": "Bearer"}


async def authenticate(store: Store, authorization: str) -> Access:
    """Return what is opened by the key that the `Authorization` header's value bears.

    Raises:
        ApiError: 401, there is none, or it opens nothing.
    """
    scheme, _, secret = authorization.partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise _unauthenticated("not_authenticated", "Authentication credentials were not provided.")
    access = await store.access(secret)
    if access is None:
        raise _unauthenticated(
            "authentication_failed",
            "Personal API key found in request Authorization header is invalid.",
        )
    return access


async def open_project(store: Store, access: Access, project_id: str) -> Project:
    """Return the project that a path names, if the key opens it.

    Raises:
        ApiError: 404, there is no such project; 403, the key is another project's.
    """
    project = access.project
    if project_id == CURRENT or (number := _number(project_id)) == project.id:
        return project
    if await store.project(number) is None:
        raise not_found("Project not found.")
    raise _denied(f"API key does not have access to the requested project: ID {number}.")


def check_scope(key: Key, scope: str) -> None:
    """Refuse a key that lacks a scope.

    Raises:
        ApiError: 403.
    """
    if not key.allows(scope):
        raise _denied(f"API key missing required scope '{scope}'")


def _number(project_id: str) -> int:
    if project_id.isascii() and project_id.isdigit():
        with suppress(ValueError):  # Python refuses numbers of thousands of digits
            number = int(project_id)
            if number <= MAX_PROJECT_ID:
                return number
    raise not_found("Project not found.")


def _unauthenticated(code: str, detail: str) -> ApiError:
    return ApiError(401, Error("authentication_error", code, detail), _CHALLENGE)


def _denied(detail: str) -> ApiError:
    return ApiError(403, Error("authentication_error", "permission_denied", detail))
