"""Who differs between two places of the log, of all persons of a project, and in what."""

from collections import Counter
from collections.abc import Iterable
from itertools import chain, islice
from typing import NamedTuple
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Connection

from api.auth import READ
from api.calls import Answer, Call
from api.operations import Operation
from api.paging import After, Limit, link
from api.persons.diff import FROM_TO, Changed, ChangedIds, DiffQuery, asked_places, shown, span_of
from api.persons.shapes import UTC
from api.requests import Nothing
from domain.values import JSON
from projections import differences
from projections.difference import Difference, Kind, Span
from storage.places import Place

MAX_PAGE = 1_000  # persons, whatever limit is asked for


class ProjectDiffQuery(DiffQuery, frozen=True, kw_only=True, rename=FROM_TO):
    """From when to when, and which page."""

    after: After = 0
    limit: Limit = 100


class ListedDiff(Struct, frozen=True, kw_only=True):
    """What differs for a person of the project, and what that came to."""

    person: UUID
    kind: Kind
    added: dict[str, JSON]
    changed: dict[str, Changed]
    removed: dict[str, JSON]
    distinct_ids: ChangedIds


class DiffCounts(Struct, frozen=True, kw_only=True):
    """How many persons were created, changed, …, and how many properties were touched in all."""

    created: int = 0
    changed: int = 0
    deleted: int = 0
    merged: int = 0
    restored: int = 0
    keys: int = 0


class ProjectDiff(Struct, frozen=True, kw_only=True, rename=FROM_TO):
    """A page of the persons who differ, those first to whom something happened first.

    `counts` are those of all pages; they stand on the first.
    """

    start: int | UTC
    end: int | UTC
    counts: DiffCounts | UnsetType = UNSET
    results: list[ListedDiff]
    next: str | None


async def diff_of_all(call: Call[ProjectDiffQuery, Nothing]) -> Answer[ProjectDiff]:
    """GET persons/diff: which persons differ between two times, and in what."""
    start, end = asked_places(call)
    limit = min(call.query.limit, MAX_PAGE)
    page = await call.read(_page, start, end, after=call.query.after, limit=limit)
    following = None
    if page.after is not None:
        # From page to page the span is the same, whatever is recorded meanwhile.
        span = {"from": page.span.start, "to": page.span.end}
        following = link(call.request, **span, after=page.after)
    return Answer(
        ProjectDiff(
            start=start,
            end=call.at if end is None else end,
            counts=page.counts,
            results=[_listed(each) for each in page.results],
            next=following,
        )
    )


class _Page(NamedTuple):
    span: Span
    results: list[Difference]
    after: int | None
    counts: DiffCounts | UnsetType


def _page(
    connection: Connection,
    project_id: int,
    start: Place,
    end: Place | None,
    *,
    after: int,
    limit: int,
) -> _Page:
    span = span_of(connection, project_id, start, end)
    found = differences.of_project(connection, project_id, span, after=after)
    first = list(islice(found, limit + 1))
    following = first[limit - 1][0] if len(first) > limit else None
    counts = UNSET if after else _counts(each for _, each in chain(first, found))
    return _Page(span, [each for _, each in first[:limit]], following, counts)


def _counts(found: Iterable[Difference]) -> DiffCounts:
    kinds: Counter[str] = Counter()
    keys: set[str] = set()
    for each in found:
        kinds[str(each.kind)] += 1
        keys |= each.keys
    return DiffCounts(**kinds, keys=len(keys))


def _listed(found: Difference) -> ListedDiff:
    assert found.kind  # who lived at neither end does not differ
    return ListedDiff(person=found.person_id, kind=found.kind, **shown(found))


OPERATIONS = [
    Operation("GET", "persons/diff", "persons_all_diff_retrieve", diff_of_all, READ),
]
