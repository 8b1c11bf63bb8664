"""Receipts of erasures: what was erased and what a search found afterwards; nothing of whom."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select, update

from domain.erasures import Erasing
from domain.events import Actor
from domain.values import encode
from storage.schema import erasure_receipts
from storage.statements import Insert

_insert = Insert(erasure_receipts, on_conflict="replace")


class SweptColumn(Struct, frozen=True, kw_only=True):
    """In how many rows of a column a value was found: of the person, and of `others`."""

    table: str
    column: str
    found: int = 0
    others: int = 0


class Sweep(Struct, frozen=True, kw_only=True):
    """What a search through all texts found of a person's `values`: in `rows` of the database.

    `left_out` are distinct ids that belong to others now, and so were not looked for. A row is the
    person's own by its uuid; where rows belong to nobody, what is found there counts as its own.
    """

    values: int
    left_out: int
    rows: int
    columns: list[SweptColumn]

    @property
    def found(self) -> int:
        """Return in how many places something of the person was found."""
        return sum(each.found for each in self.columns)


class LogHead(Struct, frozen=True, kw_only=True):
    """Where a log stood, and the digest of all that it said up to there."""

    position: int
    digest: str


class Receipt(Struct, frozen=True, kw_only=True):
    """What was erased of a person: events at `positions` by person, captured events, warnings.

    `persons` are itself and those who were merged into it; others at `positions` repeated something
    of it. `sweep` is None before the search, and for good if that was interrupted: nobody knows the
    values any more. `log` and `checkpoint` (a signed note) say what the log was after all of it;
    `problem` says why there is no checkpoint. `completed_at` is None until all is done.
    """

    person: UUID
    number: int
    erased_at: datetime
    by: Actor
    persons: list[UUID]
    positions: dict[UUID, list[int]]
    captured_events: int
    warnings: int
    sweep: Sweep | None = None
    log: LogHead | None = None
    checkpoint: str | None = None
    problem: str | None = None
    completed_at: datetime | None = None


_decoder = msgspec.json.Decoder(Receipt)


def begin(
    connection: Connection, project_id: int, erasing: Erasing, *, captured: int, warnings: int
) -> None:
    """Write the receipt of an erasure that is just done, before any search."""
    receipt = Receipt(
        person=erasing.person_id,
        number=erasing.number,
        erased_at=erasing.origin.occurred_at,
        by=erasing.origin.actor,
        persons=erasing.persons,
        positions={each.person_id: each.positions for each in erasing.parts},
        captured_events=captured,
        warnings=warnings,
    )
    row = (project_id, receipt.person, receipt.erased_at, _text(receipt), None)
    _insert.run(connection, [row])


def write(connection: Connection, project_id: int, receipt: Receipt) -> None:
    """Write a receipt anew."""
    chosen = update(erasure_receipts).where(
        erasure_receipts.c.project_id == project_id, erasure_receipts.c.person_id == receipt.person
    )
    values = {"receipt": _text(receipt), "completed_at": receipt.completed_at}
    connection.execute(chosen.values(values))


def read(connection: Connection, project_id: int, person_id: UUID) -> Receipt | None:
    """Return the receipt of a person's erasure; None for one that was not erased."""
    query = select(erasure_receipts.c.receipt).where(
        erasure_receipts.c.project_id == project_id, erasure_receipts.c.person_id == person_id
    )
    text = connection.execute(query).scalar_one_or_none()
    return None if text is None else _decoder.decode(text)


def newest(connection: Connection, project_id: int, *, limit: int) -> Sequence[Receipt]:
    """Return the last receipts of a project, the newest first."""
    query = (
        select(erasure_receipts.c.receipt)
        .where(erasure_receipts.c.project_id == project_id)
        .order_by(erasure_receipts.c.erased_at.desc(), erasure_receipts.c.person_id)
        .limit(limit)
    )
    return [_decoder.decode(text) for text in connection.execute(query).scalars()]


def incomplete(connection: Connection) -> Sequence[tuple[int, Receipt]]:
    """Return the receipts that are not completed, of all projects, each with its project."""
    query = select(erasure_receipts.c.project_id, erasure_receipts.c.receipt).where(
        erasure_receipts.c.completed_at.is_(None)
    )
    return [(row.project_id, _decoder.decode(row.receipt)) for row in connection.execute(query)]


def _text(receipt: Receipt) -> str:
    return encode(receipt).decode()
