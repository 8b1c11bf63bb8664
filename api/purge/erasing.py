"""Erasing deleted persons, searching for what might be left of them, completing the receipts."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Connection, select

from domain.commands import ErasePerson, Erasure, Request
from domain.errors import PersonsError
from domain.events import Actor
from projections import owners
from storage import erasure_receipts
from storage.checkpoints import Notary
from storage.engine import Database
from storage.erasure_receipts import LogHead, Receipt, Sweep
from storage.errors import TamperedError
from storage.schema import logs
from storage.sought import Wanted
from storage.sweep import GoOn, sweep
from storage.transaction import Written

Write = Callable[[Request], Future[Written]]


class Tools(NamedTuple):
    """What a purge works with: the store's database and writer, who signs, and the clock."""

    database: Database
    write: Write
    notary: Notary
    clock: Callable[[], datetime]


class Erased(NamedTuple):
    """A person that was erased, before the search for its values."""

    project_id: int
    erasure: Erasure


def erase(
    tools: Tools, project_id: int, person_id: UUID, captured: bool, *, actor: Actor
) -> Erased | None:
    """Erase a deleted person, with its captured events if asked; None if that cannot be any more.

    Raises:
        StoreUnavailableError: nothing was erased.
    """
    command = ErasePerson(person_id=person_id, erases_captured=captured)
    request = Request(project_id=project_id, commands=[command], actor=actor, at=tools.clock())
    (result,) = tools.write(request).result().results
    if isinstance(result, PersonsError):  # it was brought back in the meantime
        return None
    assert isinstance(result, Erasure)
    return Erased(project_id, result) if result.positions else None


def search(tools: Tools, erased: Sequence[Erased], go_on: GoOn) -> list[tuple[int, Receipt]]:
    """Return the receipts of persons just erased, each with what is left of their values."""
    with tools.database.reading() as connection:
        wanted = [_wanted(connection, each) for each in erased]
    swept = sweep(tools.database, wanted, go_on)
    with tools.database.reading() as connection:
        return [
            (each.project_id, _receipt(connection, each, found))
            for each, found in zip(erased, swept, strict=True)
        ]


def complete(tools: Tools, receipts: Sequence[tuple[int, Receipt]]) -> list[tuple[int, Receipt]]:
    """Let receipts be completed by what their logs are now, and return them."""
    ends: dict[int, dict[str, Any]] = {}
    completed = []
    for project_id, receipt in receipts:
        end = ends.get(project_id) or _end(tools, project_id)
        ends[project_id] = end
        completed.append((project_id, replace(receipt, completed_at=tools.clock(), **end)))
    if completed:
        with tools.database.writing() as connection:
            for project_id, receipt in completed:
                erasure_receipts.write(connection, project_id, receipt)
    return completed


def _wanted(connection: Connection, erased: Erased) -> Wanted:
    erasure = erased.erasure
    owned = owners.owned(connection, erased.project_id, erasure.distinct_ids)
    return Wanted(
        project_id=erased.project_id,
        persons=erasure.persons,
        distinct_ids=[each for each in erasure.distinct_ids if each not in owned],
        texts=[each for each in erasure.values if each not in owned],
        left_out=len(owned),
    )


def _receipt(connection: Connection, erased: Erased, found: Sweep) -> Receipt:
    receipt = erasure_receipts.read(connection, erased.project_id, erased.erasure.person_id)
    assert receipt is not None  # the erasure wrote it
    return replace(receipt, sweep=found)


def _end(tools: Tools, project_id: int) -> dict[str, Any]:
    """Return what receipts say of a log: where it stands, and a checkpoint of that."""
    with tools.database.reading() as connection:
        head = connection.execute(select(logs).where(logs.c.project_id == project_id)).one()
    end: dict[str, Any] = {"log": LogHead(position=head.position, digest=head.digest.hex())}
    try:
        checkpoint, _ = tools.notary.attest(project_id, tools.clock(), lambda found, tree: None)
    except TamperedError as error:
        return end | {"problem": str(error)}
    return end | {"checkpoint": checkpoint.note}
