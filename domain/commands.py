"""What can be asked of persons. A command is decided by `domain.persons.Persons`.

Where a command has an `expected_version`, it is refused when the person has changed since;
None asks for no check.
"""

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.captured import CapturedEvent
from domain.events import Actor
from domain.foreign import Disagreement, ForeignPerson
from domain.person import Person
from domain.sides import Conflict
from domain.values import Properties
from domain.warnings import Warning


class Capture(Struct, frozen=True):
    """Take in what an SDK sent, and do with its person what it asks for."""

    captured: CapturedEvent


class SetProperties(Struct, frozen=True, kw_only=True):
    """Set those of the properties that differ; `uuid` is for the captured event that says so."""

    person_id: UUID
    uuid: UUID
    properties: Properties
    expected_version: int | None = None


class UnsetProperties(Struct, frozen=True, kw_only=True):
    """Take away those of the named properties that are there; `uuid` as in SetProperties."""

    person_id: UUID
    uuid: UUID
    names: list[str]
    expected_version: int | None = None


class SplitPerson(Struct, frozen=True, kw_only=True):
    """Give distinct ids to new persons of their own, each to one.

    Those of `distinct_ids` leave; if that is None, all leave but `main_distinct_id`, and if that
    is None too, all but the person's first.
    """

    person_id: UUID
    main_distinct_id: str | None = None
    distinct_ids: list[str] | None = None
    expected_version: int | None = None


class DeletePerson(Struct, frozen=True, kw_only=True):
    """Delete a person; with `deletes_events`, queue the deletion of its captured events too.

    With `keeps_person` only the events go. With `erases_now`, the next purge erases its data.
    """

    person_id: UUID
    deletes_events: bool = False
    keeps_person: bool = False
    erases_now: bool = False
    expected_version: int | None = None


class Unmerge(Struct, frozen=True, kw_only=True):
    """Take back the merge at position `merge` into a person; a dry run only says what if."""

    person_id: UUID
    merge: int
    is_dry_run: bool = False
    expected_version: int | None = None


class UndeletePerson(Struct, frozen=True, kw_only=True):
    """Bring a deleted person back, with all that it had and those of its ids that are free."""

    person_id: UUID


class ErasePerson(Struct, frozen=True, kw_only=True):
    """Erase the personal data of a deleted person; with `erases_captured`, captured events too."""

    person_id: UUID
    erases_captured: bool = False


class ImportPerson(Struct, frozen=True):
    """Take a person over from another store, under its uuid if that is free.

    Where a distinct id of it belongs to somebody here, nothing changes: the two are compared.
    """

    person: ForeignPerson


ReadsHistory: TypeAlias = Unmerge | UndeletePerson | ErasePerson
"""Commands that are decided on whole streams, so all that came before must be stored."""

Command: TypeAlias = (
    Capture
    | SetProperties
    | UnsetProperties
    | SplitPerson
    | DeletePerson
    | ImportPerson
    | ReadsHistory
)


class Request(Struct, frozen=True, kw_only=True):
    """Commands that one caller sent at one moment, to be carried out in order."""

    project_id: int
    commands: list[Command]
    actor: Actor
    at: datetime


class Done(Struct, frozen=True, kw_only=True):
    """What a command came to.

    `person_id` and `version`: the person that it was about, and its version after it; the version
    is 0 where no person exists. `is_duplicate`: the captured event had been taken in before.
    `is_dropped`: it was not stored. `warnings` say what was wrong with it.
    """

    person_id: UUID
    version: int
    is_duplicate: bool = False
    is_dropped: bool = False
    warnings: tuple[Warning, ...] = ()


class PersonImported(Done, frozen=True, kw_only=True):
    """What became of a foreign person: it is new here, or what it disagrees in with ours."""

    is_new: bool
    disagreements: list[Disagreement]


class MergeTakenBack(Done, frozen=True, kw_only=True):
    """What taking back a merge came to; where it was a dry run, what it would come to."""

    survivor: Person
    restored: Person
    conflicts: list[Conflict]


class Erasure(Done, frozen=True, kw_only=True):
    """What was erased: `positions` of the log by person, the distinct ids and values now gone.

    `persons` are the uuids under which this person's data stood; of others, `positions` has only
    what they repeated of it.
    """

    persons: list[UUID]
    positions: dict[UUID, list[int]]
    distinct_ids: list[str]
    values: list[str]
