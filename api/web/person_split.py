"""Splitting a person, after having seen which distinct ids will belong to which new persons."""

from uuid import UUID

from msgspec import Struct

from api.auth import WRITE
from api.calls import Call
from api.errors import invalid
from api.persons.ids import found
from api.persons.splitting import SplitBody, split
from api.requests import Nothing
from api.web import confirmed
from api.web.pages import Action, Page, asked
from api.web.person_header import Header, header
from projections.births import next_uuids

SHOWN = 100  # distinct ids to choose from
MOST = 100  # that leave at once

_WORD = "split"


class SplitQuery(Struct, frozen=True, kw_only=True):
    """Which distinct ids are to leave; `q` is what those to choose from have in them."""

    q: str = ""
    leave: list[str] = []


class View(Struct, frozen=True, kw_only=True):
    """What splitting will do: `leaving` are the distinct ids that go, each with its new person."""

    person: Header
    query: SplitQuery
    phrase: str
    choice: list[str]
    count: int
    leaving: dict[str, UUID]
    staying: int


class SplitForm(Struct, frozen=True, kw_only=True):
    """Which distinct ids leave, and what was typed to confirm it."""

    confirm: str = ""
    leave: list[str] = []


async def ask(call: Call[SplitQuery, Nothing]) -> View:
    """GET /persons/:id/split: what splitting will do."""
    row = await found(call)
    leave = list(dict.fromkeys(call.query.leave))
    _check(leave, row.distinct_ids)
    text = call.query.q.casefold()
    choice = [each for each in row.distinct_ids if text in each.casefold() or each in leave]
    person = await header(call)
    return View(
        person=person,
        query=call.query,
        phrase=confirmed.phrase(_WORD, person.number),
        choice=sorted(choice, key=lambda each: each not in leave)[:SHOWN],
        count=len(choice),
        leaving=await call.read(next_uuids, leave),
        staying=len(row.distinct_ids) - len(leave),
    )


async def part(call: Call[Nothing, SplitForm]) -> str:
    """POST /persons/:id/split: split it."""
    person = await found(call)
    _check(call.body.leave, person.distinct_ids)
    confirmed.check(call.body.confirm, confirmed.phrase(_WORD, person.number))
    await asked(call, split, Nothing(), SplitBody(distinct_ids_to_split=call.body.leave))
    return f"/persons/{person.person_id}"


def _check(leave: list[str], distinct_ids: list[str]) -> None:
    """Refuse what the split would not do as the page says it.

    Raises:
        ApiError: 400.
    """
    strangers = set(leave) - set(distinct_ids)
    if strangers:
        raise invalid(f"This person has no distinct id {min(strangers)!r}.", "leave")
    if leave and len(set(leave)) == len(distinct_ids):
        raise invalid("At least one distinct id has to stay.", "leave")
    if len(leave) > MOST:
        raise invalid(f"At most {MOST} distinct ids can leave at once.", "leave")


PAGES: list[Page | Action] = [
    Page("/persons/{id}/split", ask, WRITE, template="person_split.html"),
    Action("/persons/{id}/split", part, WRITE),
]
