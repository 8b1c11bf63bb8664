"""What changed in a project between two times: who came, went, or is otherwise now."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Connection

from api.auth import READ
from api.calls import Call
from api.paging import Limit
from api.persons.diff import FROM_TO, ChangedIds
from api.persons.project_diff import DiffCounts, ListedDiff, ProjectDiffQuery, diff_of_all
from api.requests import Nothing
from api.web import differences
from api.web.addresses import local
from api.web.names import Names, names
from api.web.pages import Page, asked
from api.web.times import iso
from api.web.values import Change
from storage.log import head_position
from storage.places import recorded_at

DAY = timedelta(days=1)
FEW = 1_000  # events that are looked at where nobody says from when to when


class Query(ProjectDiffQuery, frozen=True, kw_only=True, rename=FROM_TO):
    """From when to when, and which page of those who differ."""

    limit: Limit = 50


class Row(Struct, frozen=True, kw_only=True):
    """A person that differs, and in what."""

    person: UUID
    name: str | None
    kind: str
    changes: list[Change]
    distinct_ids: ChangedIds


class View(Struct, frozen=True, kw_only=True):
    """What the page shows. `counts` are those of all pages, and stand on the first."""

    start: int | datetime
    end: int | datetime
    spans: list[tuple[str, str]]
    counts: DiffCounts | UnsetType
    rows: list[Row]
    next: str | None

    @property
    def figures(self) -> list[tuple[str, int]]:
        """What there are how many of, for all pages."""
        return [] if self.counts is UNSET else [*msgspec.structs.asdict(self.counts).items()]


async def show(call: Call[Query, Nothing]) -> View:
    """GET /changes: who differs between two times; without them, lately."""
    query: ProjectDiffQuery = call.query
    if not query.start:
        lately = await call.read(_lately, call.at)
        query = msgspec.structs.replace(query, start=iso(lately))
    found = await asked(call, diff_of_all, query, Nothing())
    called = await names(call, [each.person for each in found.results])
    return View(
        start=found.start,
        end=found.end,
        spans=differences.spans(call.at),
        counts=found.counts,
        rows=[_row(each, called) for each in found.results],
        next=local(found.next),
    )


def _lately(connection: Connection, project_id: int, at: datetime) -> datetime:
    """Return the time a day ago, or a later one where very much has happened since."""
    position = head_position(connection, project_id) - FEW
    return max(at - DAY, recorded_at(connection, project_id, position))


def _row(found: ListedDiff, called: Names) -> Row:
    return Row(
        person=found.person,
        name=called.get(found.person),
        kind=found.kind,
        changes=differences.changes(found),
        distinct_ids=found.distinct_ids,
    )


PAGES = [Page("/changes", show, READ, template="changes.html")]
