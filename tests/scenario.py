"""How scenarios are told: captured events, and the persons that they leave."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from tests.project import Person, Project

Event = dict[str, Any]

NAMESPACE = UUID("932979b4-65c3-4424-8467-0b66ec27bc22")


@dataclass(frozen=True)
class Leaves:
    """A person that a scenario leaves: the first of `ids` is the one that it was born with."""

    ids: list[str]
    properties: dict[str, Any]
    is_identified: bool
    day: int

    def person(self, project_id: int) -> Person:
        """Return the person as the list of this project shows it."""
        return Person(
            distinct_ids=sorted(self.ids),
            is_identified=self.is_identified,
            properties=self.properties,
            uuid=str(uuid5(NAMESPACE, f"{project_id}:{self.ids[0]}")),
            created_at=f"2024-01-{self.day:02}T00:00:00Z",
        )


@dataclass(frozen=True)
class Scenario:
    """What is captured, and what that leaves. `again`: what the last event, come again, leaves."""

    steps: list[Event]
    persons: list[Leaves]
    warns: list[str] = field(default_factory=list)
    again: list[Leaves] | None = None

    @property
    def events(self) -> list[Event]:
        """The steps, each with its time: the second one at midnight of January 2, and so on."""
        days = range(1, len(self.steps) + 1)
        times = [{"timestamp": f"2024-01-{day:02}T00:00:00Z"} for day in days]
        return [time | step for time, step in zip(times, self.steps, strict=True)]

    def check(self, project: Project) -> None:
        """See that the persons and warnings of a project are those that the scenario leaves."""
        assert project.persons() == expected(project, self.persons)
        assert sorted(project.warnings().elements()) == sorted(self.warns)


def expected(project: Project, persons: list[Leaves]) -> list[Person]:
    """Return the persons that the project should show."""
    return sorted((each.person(project.id) for each in persons), key=lambda p: p.distinct_ids)


def event(
    name: str, distinct_id: Any, properties: dict[str, Any] | None = None, /, **beside: Any
) -> Event:
    return {"event": name, "distinct_id": distinct_id, "properties": properties or {}} | beside


def visit(distinct_id: Any, properties: dict[str, Any] | None = None, /, **beside: Any) -> Event:
    return event("visit", distinct_id, properties, **beside)


def identify(distinct_id: str, anonymous_id: Any, **properties: Any) -> Event:
    """Return an `$identify`; what else is named is set."""
    asked = {"$anon_distinct_id": anonymous_id} | ({"$set": properties} if properties else {})
    return event("$identify", distinct_id, asked)


def alias(distinct_id: str, alias: Any) -> Event:
    return event("$create_alias", distinct_id, {"alias": alias})


def merge(distinct_id: str, alias: Any) -> Event:
    return event("$merge_dangerously", distinct_id, {"alias": alias})


def anonymous(ids: str, properties: dict[str, Any] | None = None, *, day: int = 1) -> Leaves:
    return Leaves(ids.split(), properties or {}, is_identified=False, day=day)


def identified(ids: str, properties: dict[str, Any] | None = None, *, day: int = 1) -> Leaves:
    return Leaves(ids.split(), properties or {}, is_identified=True, day=day)
