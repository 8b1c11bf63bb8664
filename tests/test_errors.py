import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.errors import HANDLERS, translated
from domain import errors
from storage.errors import ProjectNotFoundError, StoreUnavailableError


def every(base: type[errors.PersonsError]) -> list[type[errors.PersonsError]]:
    """Return all errors of the domain."""
    return [each for child in base.__subclasses__() for each in (child, *every(child))]


@pytest.mark.parametrize("error", every(errors.PersonsError))
def test_every_refusal_of_the_domain_is_the_callers_fault(error: type[Exception]) -> None:
    refusal = translated(error("why"))

    assert refusal
    assert 400 <= refusal.status < 500


@pytest.mark.parametrize(
    ("error", "status", "code", "detail"),
    [
        (errors.PersonNotFoundError("person x"), 404, "not_found", "Not found."),
        (errors.VersionConflictError("why"), 412, "precondition_failed", "why"),
        (errors.PropertiesTooLargeError("why"), 400, "invalid_input", "why"),
        (ProjectNotFoundError("project x"), 404, "not_found", "Project not found."),
    ],
)
def test_an_error_is_answered_with_its_status(
    error: Exception, status: int, code: str, detail: str
) -> None:
    refusal = translated(error)

    assert refusal
    assert (refusal.status, refusal.error.code, refusal.error.detail) == (status, code, detail)


def test_who_meets_an_outage_is_told_to_try_again() -> None:
    refusal = translated(StoreUnavailableError("the disk is full"))

    assert refusal
    assert (refusal.status, refusal.headers) == (503, {"Retry-After": "1"})
    assert "disk" not in refusal.error.detail


def test_what_nobody_foresaw_is_not_translated() -> None:
    assert translated(ValueError("?")) is None


def test_what_nobody_foresaw_is_a_server_error_without_its_reason() -> None:
    async def fails(request: Request) -> Response:
        raise ValueError("the reason")

    app = Starlette(routes=[Route("/", fails)], exception_handlers=HANDLERS)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://persons") as client:
            return await client.get("/")

    answer = asyncio.run(ask())

    assert answer.status_code == 500
    assert answer.json() == {
        "type": "server_error",
        "code": "error",
        "detail": "A server error occurred.",
        "attr": None,
    }
