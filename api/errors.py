"""How the persons API says no: one envelope, and the status that each error gets."""

from typing import Any

import structlog
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from domain import errors
from domain.values import encode
from storage.errors import (
    ProjectNotFoundError,
    QueryTimeoutError,
    StoreUnavailableError,
    TamperedError,
)

RETRY = {"Retry-After": "1"}  # seconds

log = structlog.get_logger()


class Error(Struct, frozen=True):
    """The body of every refusal. `attr` names the field that is wrong, where there is one."""

    type: str
    code: str
    detail: str
    attr: str | None = None


class ApiError(Exception):
    """A refusal as it will be answered."""

    def __init__(self, status: int, error: Error, headers: dict[str, str] | None = None) -> None:
        super().__init__(error.detail)
        self.status = status
        self.error = error
        self.headers = headers


def invalid(detail: str, attr: str | None = None) -> ApiError:
    """Return the refusal of something that cannot mean anything."""
    return ApiError(400, Error("validation_error", "invalid_input", detail, attr))


def invalid_choice(value: str, attr: str | None) -> ApiError:
    """Return the refusal of a value that is none of those there are."""
    detail = f'"{value}" is not a valid choice.'
    return ApiError(400, Error("validation_error", "invalid_choice", detail, attr))


def required(attr: str) -> ApiError:
    """Return the refusal of a request without a field that it needs."""
    return ApiError(400, Error("validation_error", "required", "This field is required.", attr))


def unparsable(why: str) -> ApiError:
    """Return the refusal of a body that is not JSON that can be kept."""
    return ApiError(400, Error("invalid_request", "parse_error", f"JSON parse error - {why}"))


def not_found(detail: str = "Not found.") -> ApiError:
    """Return the refusal of what is not there, or must not be known to be there."""
    return ApiError(404, Error("invalid_request", "not_found", detail))


def unavailable() -> ApiError:
    """Return the refusal of what may succeed a moment later."""
    detail = "The store cannot answer at the moment. Please try again."
    return ApiError(503, Error("server_error", "service_unavailable", detail), RETRY)


def overloaded() -> ApiError:
    """Return the refusal of one request too many at once."""
    detail = "The service answers as many requests as it can at once. Please try again."
    return ApiError(503, Error("server_error", "too_many_requests_at_once", detail), RETRY)


def throttled(seconds: int) -> ApiError:
    """Return the refusal of who has asked too often, and may ask again after some seconds."""
    wait = f"{seconds} second" + ("s" if seconds != 1 else "")
    detail = f"Request was throttled. Expected available in {wait}."
    headers = {"Retry-After": str(seconds)}
    return ApiError(429, Error("throttled_error", "throttled", detail), headers)


_TOLD_AS_IT_IS: dict[type[Exception], tuple[int, str, str]] = {
    errors.VersionConflictError: (412, "invalid_request", "precondition_failed"),
    errors.InvalidUnmergeError: (409, "invalid_request", "cannot_unmerge"),
    errors.NotDeletedError: (409, "invalid_request", "cannot_undelete"),
    TamperedError: (503, "server_error", "tampered"),
    QueryTimeoutError: (504, "server_error", "query_timeout"),
}
"""Status, type and code of the errors whose own text is the detail."""


def translated(error: Exception) -> ApiError | None:
    """Return how an error of the domain or the store is answered; None for one that never is."""
    if type(error) in _TOLD_AS_IT_IS:
        status, kind, code = _TOLD_AS_IT_IS[type(error)]
        return ApiError(status, Error(kind, code, str(error)))
    match error:
        case errors.PersonNotFoundError():
            return not_found()
        case errors.PersonsError():
            return invalid(str(error), getattr(error, "attr", None))
        case ProjectNotFoundError():
            return not_found("Project not found.")
        case StoreUnavailableError():
            return unavailable()
        case _:
            return None


def response(error: ApiError) -> Response:
    """Return the answer that says no; always JSON, whatever format was asked for."""
    return Response(encode(error.error), error.status, error.headers, media_type="application/json")


async def _on_error(request: Request, error: Exception) -> Response:
    refusal = error if isinstance(error, ApiError) else translated(error)
    if refusal is None:
        return await _on_unexpected(request, error)
    if refusal.status == unavailable().status:
        log.warning("unavailable", error=repr(error))
    return response(refusal)


async def on_http(request: Request, error: Exception) -> Response:
    """Answer what Starlette itself refuses: an unknown route, a wrong method."""
    assert isinstance(error, HTTPException)
    code, detail = {
        404: ("not_found", "Not found."),
        405: ("method_not_allowed", f'Method "{request.method}" not allowed.'),
    }.get(error.status_code, ("error", error.detail))
    refusal = Error("invalid_request", code, detail)
    return response(ApiError(error.status_code, refusal, dict(error.headers or {})))


async def _on_unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected", path=request.scope["path"], exc_info=error)
    return response(ApiError(500, Error("server_error", "error", "A server error occurred.")))


HANDLERS: dict[Any, ExceptionHandler] = {
    HTTPException: on_http,
    ApiError: _on_error,
    errors.PersonsError: _on_error,
    ProjectNotFoundError: _on_error,
    StoreUnavailableError: _on_error,
    TamperedError: _on_error,
    QueryTimeoutError: _on_error,
    Exception: _on_unexpected,
}
"""Starlette's exception handlers: nothing leaves the service but in the envelope."""
