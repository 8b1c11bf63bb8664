"""Deletions: who waits to be erased and can still be brought back, and what was erased."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from api.auth import READ
from api.calls import Call
from api.paging import Limit, Offset
from api.persons.deletion_status import Deletion, StatusQuery, deletion_status
from api.persons.erasures import ErasuresQuery, WaitingErasure, erasures
from api.requests import Nothing
from api.web.addresses import local
from api.web.names import Names, names
from api.web.pages import Page, asked
from domain.values import encode
from storage import erasure_receipts
from storage.erasure_receipts import Receipt

NEWEST = 25  # receipts and event deletions


class Query(Struct, frozen=True, kw_only=True):
    """Which page of those who wait."""

    limit: Limit = 50
    offset: Offset = 0


class Erasure(Struct, frozen=True, kw_only=True):
    """An erasure that was made, by its receipt; `json` is the whole of it."""

    receipt: Receipt
    json: str

    @property
    def person(self) -> UUID:
        """Whose data it was."""
        return self.receipt.person

    @property
    def events(self) -> int:
        """How many events it took the personal data of."""
        return sum(map(len, self.receipt.positions.values()))

    @property
    def steps(self) -> list[tuple[str, datetime | None, str]]:
        """What is done one after the other: its name, when it was, what came of it."""
        receipt = self.receipt
        taken = f"{self.events:,} events, {receipt.captured_events:,} captured events"
        searched, swept = "", receipt.sweep
        if swept is not None:
            searched = f"{swept.found:,} found in {swept.rows:,} rows"
        return [
            ("Erased", receipt.erased_at, taken),
            ("Searched for what is left", receipt.completed_at if swept else None, searched),
            ("Completed", receipt.completed_at, receipt.problem or ""),
        ]


class View(Struct, frozen=True, kw_only=True):
    """What the page shows; `count` is how many wait in all."""

    count: int
    waiting: list[WaitingErasure]
    next: str | None
    previous: str | None
    events: list[Deletion]
    erased: list[Erasure]
    names: Names


async def show(call: Call[Query, Nothing]) -> View:
    """GET /deletions: deleted persons and captured events, those that wait and those that went."""
    asked_page = ErasuresQuery(limit=call.query.limit, offset=call.query.offset)
    page = await asked(call, erasures, asked_page, Nothing())
    events = await asked(call, deletion_status, StatusQuery(limit=NEWEST), Nothing())
    receipts = await call.read(erasure_receipts.newest, limit=NEWEST)
    persons = [each.person_uuid for each in page.results]
    persons += [each.person_uuid for each in events.results]
    return View(
        count=page.count,
        waiting=page.results,
        next=local(page.next),
        previous=local(page.previous),
        events=events.results,
        erased=[Erasure(receipt=each, json=_lines(each)) for each in receipts],
        names=await names(call, persons),
    )


def _lines(receipt: Receipt) -> str:
    return msgspec.json.format(encode(receipt), indent=2).decode()


PAGES = [Page("/deletions", show, READ, template="deletions.html")]
