"""Merges into a person: which can be taken back, and taking one back."""

from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from api.auth import READ, WRITE
from api.calls import Answer, Call
from api.operations import Operation
from api.persons.ids import ever, found
from api.persons.shapes import UTC, SinglePerson, single
from api.requests import Nothing, expected_version
from domain.commands import MergeTakenBack, Unmerge
from domain.person import Person
from domain.values import JSON
from projections.past import person as past_person
from projections.past.merges import PastMerge, past_merges


class UnmergeQuery(Struct, frozen=True, kw_only=True):
    """With `dry_run`, nothing changes: the answer is what it would be."""

    dry_run: bool = False


class UnmergeBody(Struct, frozen=True, kw_only=True):
    """The position of the merge to take back, as GET persons/:id/merges has it."""

    merge: int


class UnmergeConflict(Struct, frozen=True, kw_only=True):
    """A property of which both persons have a say, and what each will have."""

    key: str
    survivor: JSON | UnsetType = UNSET
    restored: JSON | UnsetType = UNSET
    detail: str


class Unmerging(Struct, frozen=True, kw_only=True):
    """Both persons of a merge, each with what is its own."""

    survivor: SinglePerson
    restored: SinglePerson
    conflicts: list[UnmergeConflict]


class ListedMerge(Struct, frozen=True, kw_only=True):
    """The merge of the person `source`, which brought `distinct_ids`, at position `merge`.

    `detail`: why it cannot be taken back, or what taking it back would do.
    """

    merge: int
    at: UTC
    source: UUID
    distinct_ids: list[str]
    can_unmerge: bool
    detail: str


class MergeList(Struct, frozen=True, kw_only=True):
    """The merges into a person, oldest first."""

    results: list[ListedMerge]


async def unmerge(call: Call[UnmergeQuery, UnmergeBody]) -> Answer[Unmerging]:
    """POST persons/:id/unmerge: restore both persons, each with what came later for it."""
    person = await found(call)
    done, headers = await call.write(
        Unmerge(
            person_id=person.person_id,
            merge=call.body.merge,
            is_dry_run=call.query.dry_run,
            expected_version=expected_version(call.headers, person.version),
        )
    )
    assert isinstance(done, MergeTakenBack)
    naming = call.project.settings.display_name_properties
    survivor, restored = (_shown(each, naming) for each in (done.survivor, done.restored))
    conflicts = [
        UnmergeConflict(key=each.key, detail=each.detail, **each.values) for each in done.conflicts
    ]
    return Answer(Unmerging(survivor=survivor, restored=restored, conflicts=conflicts), headers)


async def merges(call: Call[Nothing, Nothing]) -> Answer[MergeList]:
    """GET persons/:id/merges: the merges into a person, and which can be taken back."""
    person = await ever(call)
    rows = await call.read(past_merges, person.person_id)
    return Answer(MergeList(results=[_listed(row) for row in rows]))


def _shown(person: Person, naming: list[str]) -> SinglePerson:
    return single(past_person.row(person), naming)


def _listed(row: PastMerge) -> ListedMerge:
    return ListedMerge(
        merge=row.position,
        at=row.at,
        source=row.source,
        distinct_ids=row.distinct_ids,
        can_unmerge=row.obstacle is None,
        detail=row.obstacle or f"{row.source} would live again",
    )


OPERATIONS = [
    Operation(
        "POST",
        "persons/{id}/unmerge",
        "persons_unmerge_create",
        unmerge,
        WRITE,
        is_conditional=True,
        refusals=[409],
    ),
    Operation("GET", "persons/{id}/merges", "persons_merges_retrieve", merges, READ),
]
