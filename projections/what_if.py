"""What if: the captured events once more, under other rules of merging. The store is only read.

Two worlds are made of the same events, one by the rules that the store lives by, one by others: so
whatever differs between them is the rules' doing. Only distinct ids that some event asked to join
with another can differ; and of these, only those count that belong to somebody today.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection, Row

from domain.captured import MERGES, merge_source
from domain.merge_rules import AS_POSTHOG, MergeRules
from domain.worlds import World
from projections import asked_merges
from projections.groups import Group, components


class Decision(NamedTuple):
    """What a captured event came to: whether `source` and `target` belonged together after it."""

    position: int
    uuid: UUID
    event: str
    source: str
    target: str
    joined_now: bool
    joined_then: bool


class Difference(Struct, frozen=True, kw_only=True):
    """Persons who would be others: their distinct ids now, and then, and what decided it.

    `persons` are the uuids that they have in the store.
    """

    persons: list[UUID]
    now: list[Group]
    then: list[Group]
    because: list[Decision]


class Answer(Struct, frozen=True, kw_only=True):
    """What would be: counts, and every difference.

    `unlike_replay` are persons of the store who are not as their captured events make them, for
    they were imported, split or unmerged, or their captured events are gone.
    """

    events: int
    merges: int
    persons_now: int
    persons_then: int
    unlike_replay: int
    differences: list[Difference]


def what_if(connection: Connection, project_id: int, rules: MergeRules) -> Answer:
    """Return which persons would be others under other rules. The connection must see one state."""
    replay = _Replay(connection, project_id, rules)
    for row in asked_merges.captured(connection, project_id):
        replay.take_in(row)
    return replay.answer()


class _Replay:
    def __init__(self, connection: Connection, project_id: int, rules: MergeRules) -> None:
        self._now = World(project_id, AS_POSTHOG)
        self._then = World(project_id, rules)
        self._named = asked_merges.named(connection, project_id)
        self._living, self._uninvolved = asked_merges.living(connection, project_id, self._named)
        self._events = 0
        self._merges = 0
        self._decisions: list[Decision] = []

    def take_in(self, row: Row[Any]) -> None:
        self._events += 1
        is_merge = row.event in MERGES
        if not is_merge and (
            row.distinct_id not in self._named
            or (row.distinct_id in self._now.owners and row.distinct_id in self._then.owners)
        ):
            # It could but give birth to a person, and there is one, or none that matters.
            return
        captured = asked_merges.stripped(row)
        self._now.take_in(captured)
        self._then.take_in(captured)
        source = merge_source(captured)
        if source is not None:
            self._merges += 1
            self._remember(row, source)

    def _remember(self, row: Row[Any], source: str) -> None:
        target = row.distinct_id
        now, then = (world.are_joined(source, target) for world in (self._now, self._then))
        if now != then:
            decision = Decision(row.position, row.uuid, row.event, source, target, now, then)
            self._decisions.append(decision)

    def answer(self) -> Answer:
        now, then = (self._groups(world) for world in (self._now, self._then))
        today: dict[UUID, list[str]] = defaultdict(list)
        for distinct_id, person_id in self._living.items():
            today[person_id].append(distinct_id)
        replayed = {frozenset(group) for group in now}
        met = self._now.owners.keys() | self._then.owners.keys()
        # Who was never captured is in neither world, and the same by any rules.
        others = self._uninvolved + sum(met.isdisjoint(ids) for ids in today.values())
        return Answer(
            events=self._events,
            merges=self._merges,
            persons_now=others + len(now),
            persons_then=others + len(then),
            unlike_replay=sum(frozenset(ids) not in replayed for ids in today.values()),
            differences=list(self._differences(now, then)),
        )

    def _groups(self, world: World) -> list[Group]:
        """Return the distinct ids of each person of a world, as far as they belong to one today."""
        persons = {owner.id: owner for owner in world.owners.values()}
        groups = ([i for i in each.distinct_ids if i in self._living] for each in persons.values())
        return [group for group in groups if group]

    def _differences(self, now: list[Group], then: list[Group]) -> Iterator[Difference]:
        because: dict[str, list[Decision]] = defaultdict(list)
        for decision in self._decisions:
            for name in {decision.target, decision.source}:
                because[name].append(decision)
        for here, there in components(now, then):
            names = dict.fromkeys(name for group in (*here, *there) for name in group)
            found = {decision for name in names for decision in because[name]}
            yield Difference(
                persons=list(dict.fromkeys(self._living[name] for name in names)),
                now=here,
                then=there,
                because=sorted(found, key=lambda each: each.position),
            )
