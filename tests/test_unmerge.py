from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume
from hypothesis import given as given_any
from hypothesis import strategies as st
from sqlalchemy import delete as delete_from
from sqlalchemy import select

from domain.commands import (
    Capture,
    Command,
    DeletePerson,
    Done,
    MergeTakenBack,
    SetProperties,
    SplitPerson,
    Unmerge,
    UnsetProperties,
)
from domain.errors import InvalidUnmergeError, PersonNotFoundError, VersionConflictError
from domain.events import Merged
from domain.person import Person
from domain.values import JSON, same
from projections.owners import distinct_ids
from projections.persons import persons
from projections.searches import searches
from storage.schema import captured_events
from tests.databases import DATABASES, new_database
from tests.decisions import (
    BIRTH,
    NOW,
    Memory,
    alias,
    captured,
    identify,
    merge,
    uuid_of,
    visit,
)
from tests.stores import Store, check, opened

EARLIER = NOW - timedelta(days=3)


class Project:
    """A project in which `anon` was merged into `ada`, and both had a life before that."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.id = store.new_project()
        self.do(
            captured("visit", "anon", {"$set": {"cart": 2, "theme": "dark"}}, at=EARLIER),
            visit("ada", cart=7, lang="it", name="Ada"),
        )
        self.before = {name: self.rows(name) for name in ("ada", "anon")}
        self.do(identify("ada", "anon"))

    def do(self, *commands: Command) -> list[Done]:
        return self.store.do(self.id, *commands)

    def owner(self, distinct_id: str) -> Person:
        return self.store.owner(self.id, distinct_id)

    def edit(self, distinct_id: str, **properties: JSON) -> None:
        person_id, uuid = self.owner(distinct_id).id, UUID(int=NOW.microsecond)
        self.do(SetProperties(person_id=person_id, uuid=uuid, properties=properties))

    def merge(self) -> int:
        """Return the position of the last merge."""
        return max(
            each.position for each in self.store.log(self.id) if isinstance(each.event, Merged)
        )

    def unmerge(self, distinct_id: str, merge: int | None = None, **options: Any) -> MergeTakenBack:
        """Take a merge into the person of a distinct id back: the last one, if none is named."""
        person_id = self.owner(distinct_id).id
        merge = self.merge() if merge is None else merge
        (done,) = self.do(Unmerge(person_id=person_id, merge=merge, **options))
        assert isinstance(done, MergeTakenBack)
        check(self.store, self.id)
        return done

    def rows(self, distinct_id: str) -> list[Any]:
        """Return all that the views have of a person, but for what tells when it changed."""
        person_id = self.owner(distinct_id).id
        ids = distinct_ids.c
        queries = [
            select(persons).where(
                persons.c.project_id == self.id, persons.c.person_id == person_id
            ),
            select(ids.distinct_id, ids.folded)
            .where(ids.project_id == self.id, ids.person_id == person_id)
            .order_by(ids.position, ids.rank),
            select(searches).where(
                searches.c.project_id == self.id, searches.c.person_id == person_id
            ),
        ]
        with self.store.database.reading() as connection:
            found = [row._asdict() for query in queries for row in connection.execute(query)]
        return [
            {name: value for name, value in row.items() if name not in {"version", "changed_at"}}
            for row in found
        ]

    def properties(self, distinct_id: str) -> dict[str, JSON]:
        found = dict(self.owner(distinct_id).properties)
        del found[BIRTH]
        return found

    def log_length(self) -> int:
        return len(self.store.log(self.id))

    def forget_captured(self) -> None:
        """Let what was captured be gone, as after a purge."""
        with self.store.database.writing() as connection:
            connection.execute(
                delete_from(captured_events).where(captured_events.c.project_id == self.id)
            )


@pytest.fixture(scope="module", params=DATABASES)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with new_database(request) as url, opened(url) as store:
        yield store


@pytest.fixture
def project(store: Store) -> Project:
    return Project(store)


def test_right_after_a_merge_both_are_as_they_were(project: Project) -> None:
    done = project.unmerge("ada")

    assert {name: project.rows(name) for name in ("ada", "anon")} == project.before
    assert (done.survivor.distinct_ids, done.restored.distinct_ids) == (["ada"], ["anon"])
    assert done.conflicts == []


def test_what_came_later_goes_to_the_person_of_its_own_distinct_id(project: Project) -> None:
    project.do(visit("anon", seen=1, theme="light"), visit("ada", lang="no"), visit("anon", seen=2))

    project.unmerge("ada")

    assert project.properties("anon") == {"cart": 2, "theme": "light", "seen": 2}
    assert project.properties("ada") == {"cart": 7, "lang": "no", "name": "Ada"}


def test_so_does_what_changed_nothing_while_they_were_one(project: Project) -> None:
    project.do(visit("ada", theme="dark"), visit("anon", cart=7, lang="it"))

    project.unmerge("ada")

    assert project.properties("ada") == {"cart": 7, "lang": "it", "name": "Ada", "theme": "dark"}
    assert project.properties("anon") == {"cart": 7, "theme": "dark", "lang": "it"}


def test_what_was_unset_is_unset_where_it_was_meant(project: Project) -> None:
    project.do(
        captured("visit", "anon", {"$unset": ["cart"]}),
        captured("visit", "ada", {"$unset": ["lang", "theme"]}),
    )

    project.unmerge("ada")

    assert project.properties("ada") == {"cart": 7, "name": "Ada"}
    assert project.properties("anon") == {"theme": "dark"}


def test_what_was_set_once_is_decided_again(project: Project) -> None:
    project.do(captured("visit", "ada", {"$set_once": {"theme": "mine", "cart": 9}}))

    project.unmerge("ada")

    assert project.properties("ada")["theme"] == "mine"
    assert project.properties("ada")["cart"] == 7


def test_the_properties_of_the_very_event_that_merged_came_later(store: Store) -> None:
    project = Project(store)
    project.do(visit("other", b=1), identify("ada", "other", a=1))

    project.unmerge("ada")

    assert project.properties("ada")["a"] == 1
    assert project.properties("other") == {"b": 1}


def test_an_edit_belongs_to_the_survivor(project: Project) -> None:
    project.edit("anon", theme="edited", vip=True)
    person_id = project.owner("ada").id
    project.do(UnsetProperties(person_id=person_id, uuid=UUID(int=5), names=["lang"]))

    project.unmerge("ada")

    assert project.properties("ada") == {
        "cart": 7,
        "name": "Ada",
        "theme": "edited",
        "vip": True,
    }
    assert project.properties("anon") == {"cart": 2, "theme": "dark"}


def test_both_are_identified_as_they_would_be(project: Project) -> None:
    assert project.owner("ada").is_identified
    project.unmerge("ada")

    assert not project.owner("ada").is_identified
    assert not project.owner("anon").is_identified


@pytest.mark.parametrize(("name", "is_ada"), [("ada", True), ("anon", False)])
def test_who_was_identified_later_stays_it(project: Project, name: str, is_ada: bool) -> None:
    project.do(identify(name, "new"))

    project.unmerge("ada")

    assert project.owner("ada").is_identified == is_ada
    assert project.owner("anon").is_identified != is_ada


def test_both_have_their_own_birthdays(project: Project) -> None:
    assert project.owner("ada").created_at == EARLIER

    project.unmerge("ada")

    assert project.owner("ada").created_at == NOW
    assert project.owner("anon").created_at == EARLIER


def test_without_its_captured_events_the_log_says_what_changed(project: Project) -> None:
    project.do(visit("anon", theme="light", new=1), visit("ada", theme="dark"))
    project.do(captured("visit", "anon", {"$unset": ["lang"]}), identify("anon", "other"))
    project.forget_captured()

    project.unmerge("ada")

    assert project.properties("anon") == {"cart": 2, "theme": "light", "new": 1}
    assert project.properties("ada") == {
        "cart": 7,
        "name": "Ada",
        "lang": "it",
        "theme": "dark",
    }
    assert project.owner("anon").distinct_ids == ["anon", "other"]


def test_a_distinct_id_stays_with_the_one_through_which_it_came(project: Project) -> None:
    project.do(
        identify("anon", "a1"),
        identify("a2", "anon", late=True),
        alias("ada", "b1"),
        identify("b2", "ada", early=True),
        visit("a1", through="a1"),
        visit("b2", through="b2"),
    )

    project.unmerge("ada")

    assert project.owner("ada").distinct_ids == ["ada", "b1", "b2"]
    assert project.owner("anon").distinct_ids == ["anon", "a1", "a2"]
    assert (project.properties("ada")["through"], project.properties("anon")["through"]) == (
        "b2",
        "a1",
    )
    assert project.properties("anon")["late"]
    assert "late" not in project.properties("ada")


def test_later_events_go_to_the_right_persons_again(project: Project) -> None:
    merge = project.merge()
    person_id = project.owner("ada").id
    futures = [
        project.store.submit(project.id, command)
        for command in (
            visit("anon", n=1),
            Unmerge(person_id=person_id, merge=merge),
            visit("anon", n=2),
            visit("ada", m=1),
        )
    ]
    assert all(each.exception(60) is None for each in futures)

    assert project.properties("anon") == {"cart": 2, "theme": "dark", "n": 2}
    assert project.properties("ada") == {"cart": 7, "lang": "it", "name": "Ada", "m": 1}
    check(project.store, project.id)


def test_distinct_ids_that_were_split_off_stay_away(project: Project) -> None:
    project.do(identify("anon", "a1"))
    person_id = project.owner("ada").id
    project.do(SplitPerson(person_id=person_id, distinct_ids=["anon"]), visit("anon", own=1))

    project.unmerge("ada")

    assert project.owner("a1").distinct_ids == ["a1"]
    assert project.properties("a1") == {"cart": 2, "theme": "dark"}
    assert project.owner("anon").properties == {"own": 1}


@pytest.mark.parametrize(("leaving", "poor"), [("anon", "restored"), ("ada", "survivor")])
def test_a_merge_stays_where_one_would_have_no_distinct_id(
    project: Project, leaving: str, poor: str
) -> None:
    person_id, merge = project.owner("ada").id, project.merge()
    project.do(SplitPerson(person_id=person_id, distinct_ids=[leaving]))
    command = Unmerge(person_id=person_id, merge=merge)

    with pytest.raises(InvalidUnmergeError, match=f"none of .* be left to the {poor} person"):
        project.do(command)


def test_a_merge_is_taken_back_once(project: Project) -> None:
    merge = project.merge()
    project.unmerge("ada")
    length = project.log_length()

    with pytest.raises(InvalidUnmergeError, match=f"the merge at {merge} was taken back at"):
        project.unmerge("ada", merge)
    assert project.log_length() == length


def test_what_was_taken_back_can_be_merged_again(project: Project) -> None:
    project.do(visit("anon", seen=1))
    project.unmerge("ada")
    once = {name: project.rows(name) for name in ("ada", "anon")}

    for _ in range(2):
        project.do(identify("ada", "anon"))
        project.unmerge("ada")

        assert {name: project.rows(name) for name in ("ada", "anon")} == once


def test_what_a_merge_gave_back_is_not_lost_with_the_captured_events(project: Project) -> None:
    project.do(visit("ada", theme="dark"), visit("anon", cart=7))
    project.unmerge("ada")
    once = {name: project.rows(name) for name in ("ada", "anon")}
    project.forget_captured()

    project.do(identify("ada", "anon"))
    project.unmerge("ada")

    assert {name: project.rows(name) for name in ("ada", "anon")} == once


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_merges_are_taken_back_in_any_order(project: Project, order: tuple[int, int]) -> None:
    project.do(visit("eve", cart=3, eve=1), visit("ada", theme="own"))
    merges = [project.merge()]
    project.do(merge("ada", "eve"), visit("eve", eve=2), visit("anon", theme="late"))
    merges.append(project.merge())

    for each in order:
        project.unmerge("ada", merges[each])

    assert project.properties("anon") == {"cart": 2, "theme": "late"}
    assert project.properties("eve") == {"cart": 3, "eve": 2}
    assert project.properties("ada") == {"cart": 7, "lang": "it", "name": "Ada", "theme": "own"}


def test_who_was_merged_with_all_that_was_merged_into_it_comes_back_so(project: Project) -> None:
    both = project.rows("ada")
    project.do(visit("top", lang="de"), merge("top", "anon"))
    assert project.owner("ada").distinct_ids == ["top", "ada", "anon"]

    project.unmerge("top")

    assert project.rows("ada") == both
    assert project.owner("top").distinct_ids == ["top"]


def test_a_merge_before_a_time_in_another_person_stays(project: Project) -> None:
    inner = project.merge()
    project.do(visit("top"), merge("top", "ada"), visit("anon", n=1))
    project.unmerge("top")

    with pytest.raises(InvalidUnmergeError, match="this person was a part of another one from"):
        project.unmerge("ada", inner)


def test_a_merge_that_came_in_through_the_other_is_taken_back_first(project: Project) -> None:
    outer = project.merge()
    project.do(visit("eve", eve=1), merge("anon", "eve"))
    inner = project.merge()

    with pytest.raises(InvalidUnmergeError, match=f"the merge at {inner} came in through 'anon'"):
        project.unmerge("ada", outer)

    project.unmerge("ada", inner)
    project.unmerge("ada", outer)
    assert project.properties("anon") == {"cart": 2, "theme": "dark"}
    assert project.properties("eve") == {"eve": 1}


def test_a_person_merged_since_stays_with_its_side(project: Project) -> None:
    outer = project.merge()
    project.do(visit("eve", eve=1, theme="eve"), merge("ada", "eve"), visit("eve", eve=2))

    project.unmerge("ada", outer)

    assert project.owner("ada").distinct_ids == ["ada", "eve"]
    assert project.properties("ada") == {
        "cart": 7,
        "lang": "it",
        "name": "Ada",
        "eve": 2,
        "theme": "eve",
    }
    assert project.properties("anon") == {"cart": 2, "theme": "dark"}


def test_a_dry_run_says_what_would_be_and_writes_nothing(project: Project) -> None:
    project.do(visit("anon", theme="light"), visit("ada", theme="mine"))
    before, length = project.rows("ada"), project.log_length()

    asked = project.unmerge("ada", is_dry_run=True)

    assert (project.rows("ada"), project.log_length()) == (before, length)
    done = project.unmerge("ada")
    for one, other in ((asked.survivor, done.survivor), (asked.restored, done.restored)):
        assert (one.id, one.version, one.distinct_ids) == (
            other.id,
            other.version,
            other.distinct_ids,
        )
        assert same(one.properties, other.properties)
    assert asked.conflicts == done.conflicts
    assert asked.version == done.version


def test_a_change_of_what_both_had_is_told_as_a_conflict(project: Project) -> None:
    project.do(visit("ada", cart=8), captured("visit", "anon", {"$set": {"lang": "fr"}}))

    (cart, lang) = project.unmerge("ada").conflicts

    assert (cart.key, cart.values) == ("cart", {"survivor": 8, "restored": 2})
    assert "changed through 'ada': the restored person keeps what it had" in cart.detail
    assert (lang.key, lang.values) == ("lang", {"survivor": "it", "restored": "fr"})
    assert "changed through 'anon': the survivor person keeps what it had" in lang.detail


def test_what_both_changed_or_agree_on_is_no_conflict(project: Project) -> None:
    project.do(visit("ada", cart=8, own=1), visit("anon", cart=9, lang="it", theme="red"))

    assert project.unmerge("ada").conflicts == []


@pytest.mark.parametrize("position", [0, 1, 10**9])
def test_what_is_no_merge_is_refused(project: Project, position: int) -> None:
    with pytest.raises(InvalidUnmergeError, match=f"no merge into this person .* {position}"):
        project.unmerge("ada", position)


def test_a_merge_into_somebody_else_is_refused(project: Project) -> None:
    merge = project.merge()
    project.do(visit("eve"))

    with pytest.raises(InvalidUnmergeError, match="no merge into this person"):
        project.unmerge("eve", merge)


def test_who_has_changed_since_is_left_alone(project: Project) -> None:
    version = project.owner("ada").version

    with pytest.raises(VersionConflictError):
        project.unmerge("ada", expected_version=version - 1)
    project.unmerge("ada", expected_version=version)


def test_who_is_gone_is_not_found(project: Project) -> None:
    merge, person_id = project.merge(), project.owner("ada").id
    project.do(DeletePerson(person_id=person_id))

    with pytest.raises(PersonNotFoundError):
        project.do(Unmerge(person_id=person_id, merge=merge))


S, R, NEW = ["s1", "s2"], ["r1", "r2"], ["n1", "n2", "n3"]
NAMES = st.sampled_from(S + R + NEW)
KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from([0, 1, None])
LATER = st.one_of(
    st.builds(lambda name, key, value: visit(name, **{key: value}), NAMES, KEYS, VALUES),
    st.builds(
        lambda name, key, value: captured("visit", name, {"$set_once": {key: value}}),
        NAMES,
        KEYS,
        VALUES,
    ),
    st.builds(lambda name, key: captured("visit", name, {"$unset": [key]}), NAMES, KEYS),
    st.builds(lambda name, key: captured("$exception", name, {"$set": {key: 5}}), NAMES, KEYS),
    st.builds(identify, NAMES, st.sampled_from(NEW)),
    st.builds(identify, st.sampled_from(NEW), NAMES),
)
BEFORE = [
    captured("visit", "s1", {"$set": {"a": 1, "b": 1}}),
    captured("visit", "r1", {"$set": {"b": 2, "c": 2}}, at=EARLIER),
]


def lived(*later: Capture) -> Memory:
    """Return a project in which two persons lived, and what came of them."""
    memory = Memory()
    for each in (*BEFORE, *later):
        memory.run(each)
    return memory


def described(person: Person) -> dict[str, Any]:
    return {
        "properties": sorted(person.properties.items(), key=lambda item: item[0]),
        "distinct_ids": person.distinct_ids,
        "created_at": person.created_at,
        "is_identified": person.is_identified,
    }


@given_any(st.sets(st.sampled_from([("s1", "s2"), ("r1", "r2")])), st.lists(LATER, max_size=12))
def test_after_an_unmerge_all_is_as_if_the_merge_had_never_been(
    aliases: set[tuple[str, str]], later: list[Capture]
) -> None:
    joining = [alias(*each) for each in sorted(aliases)]
    merging = captured("$merge_dangerously", "s1", {"alias": "r1", "$set": {"a": 3}})
    visiting = captured("visit", "s1", {"$set": {"a": 3}}, uuid=merging.captured.uuid)
    merged, apart = lived(*joining, merging, *later), lived(*joining, visiting, *later)
    living = {each.id: each for each in apart.living()}
    assume({uuid_of("s1"), uuid_of("r1")} <= living.keys())
    position = next(
        each.position
        for each in merged.log
        if isinstance(each.event, Merged) and each.event.source == uuid_of("r1")
    )

    (done,) = merged.run(Unmerge(person_id=uuid_of("s1"), merge=position))

    assume(not isinstance(done, InvalidUnmergeError))
    assert isinstance(done, MergeTakenBack)
    assert described(done.survivor) == described(living[uuid_of("s1")])
    assert described(done.restored) == described(living[uuid_of("r1")])
