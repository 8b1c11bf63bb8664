"""A person as another store has it, and where it is another than ours."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from domain.flattened import flat
from domain.person import Person
from domain.values import JSON, Properties, same

Field: TypeAlias = Literal["distinct_ids", "properties", "created_at", "is_identified", "uuid"]


class ForeignPerson(Struct, frozen=True, kw_only=True):
    """A person as another store has it; what that does not say is None.

    Without `has_types`, the values of its properties are but the texts that they were written as.
    """

    distinct_ids: list[str]
    properties: Properties
    uuid: UUID | None = None
    created_at: datetime | None = None
    last_seen_at: datetime | None = None
    is_identified: bool | None = None
    has_types: bool = True

    @property
    def name(self) -> str:
        """What the person is called in a report."""
        return str(self.uuid or next(iter(self.distinct_ids), "a person without distinct ids"))


class Disagreement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fact about a foreign person that is another here.

    `key` is the distinct id or the property; a value that is not there is left out. `why` says
    what happened here.
    """

    person: str
    field: Field
    detail: str
    key: str | None = None
    here: JSON | UnsetType = UNSET
    there: JSON | UnsetType = UNSET
    why: str | None = None


def counterpart(foreign: ForeignPerson, owners: Mapping[str, Person]) -> Person | None:
    """Return the person here that has most of a foreign person's distinct ids; None for nobody."""
    found = Counter(owners[each].id for each in foreign.distinct_ids if each in owners)
    for person_id, _ in found.most_common(1):
        return next(person for person in owners.values() if person.id == person_id)
    return None


def disagreements(
    foreign: ForeignPerson, owners: Mapping[str, Person], person: Person, ids: Sequence[str]
) -> list[Disagreement]:
    """Return where a foreign person differs from the one here that has most of its distinct ids.

    `owners` are the persons here behind its distinct ids; `ids` are those of the one here.
    """
    return [
        *_about_ids(foreign, owners, person, ids),
        *_about_properties(foreign, person.properties),
        *_about_fields(foreign, person),
    ]


def _about_ids(
    foreign: ForeignPerson, owners: Mapping[str, Person], person: Person, ids: Sequence[str]
) -> Iterator[Disagreement]:
    def about(key: str, detail: str, here: JSON | UnsetType = UNSET) -> Disagreement:
        return Disagreement(
            person=foreign.name, field="distinct_ids", key=key, detail=detail, here=here
        )

    for distinct_id in foreign.distinct_ids:
        owner = owners.get(distinct_id)
        if owner is None:
            yield about(distinct_id, "belongs to nobody here")
        elif owner.id != person.id:
            yield about(distinct_id, "is another person's here", str(owner.id))
    for distinct_id in ids:
        if distinct_id not in foreign.distinct_ids:
            yield about(distinct_id, "is this person's here, and not there", str(person.id))


def _about_properties(foreign: ForeignPerson, here: Properties) -> Iterator[Disagreement]:
    there = foreign.properties
    if not foreign.has_types:
        # Texts can be compared with texts only; and what has an empty one may not be there at all.
        here, there = ({k: v for k, v in flat(each).items() if v} for each in (here, there))
    for key in sorted(here.keys() | there.keys()):
        if key in here and key in there and same(here[key], there[key]):
            continue
        missing = "is not there" if key in here else "is not here"
        yield Disagreement(
            person=foreign.name,
            field="properties",
            key=key,
            detail="has another value here" if key in here and key in there else missing,
            here=here.get(key, UNSET),
            there=there.get(key, UNSET),
        )


def _about_fields(foreign: ForeignPerson, person: Person) -> Iterator[Disagreement]:
    fields: tuple[tuple[Field, JSON, JSON], ...] = (
        ("created_at", person.created_at, foreign.created_at),
        ("is_identified", person.is_identified, foreign.is_identified),
    )
    for field, here, there in fields:
        if there is not None and here != there:
            detail = "is another one here"
            yield Disagreement(
                person=foreign.name, field=field, detail=detail, here=here, there=there
            )
