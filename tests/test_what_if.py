"""Which persons would be others under other rules of merging: told, and nothing is changed."""

import json
from collections.abc import Iterator
from typing import Any

import click
import pytest

from api.cli.what_if import rules
from domain.commands import DeletePerson, ImportPerson, SplitPerson
from domain.foreign import ForeignPerson
from domain.merge_rules import AS_POSTHOG, MergeRules
from domain.worlds import World
from projections.groups import components
from tests.decisions import alias, captured, identify, merge, visit
from tests.lives import Lives, lives, march
from tests.moves import contents, done, persons

GUARDS_NONE = frozenset({"$merge_dangerously", "$create_alias", "$identify"})


@pytest.fixture
def life(database_url: str) -> Iterator[Lives]:
    with lives(database_url) as project:
        yield project


def told(url: str, chosen: str) -> list[dict[str, Any]]:
    """Return what would be: each difference, then the summary."""
    output = done(url, "replay", "--rules", chosen, "--report", "--json")
    return [json.loads(line) for line in output.splitlines()]


def people(project: Lives) -> None:
    """Let Ada and Bob be known by name, an alias be refused, and a third be merged by force."""
    project.capture("$identify", march(1), properties={"$anon_distinct_id": "a"})
    project.capture("$identify", march(2), distinct_id="bob", properties={"$anon_distinct_id": "b"})
    project.capture("$create_alias", march(3), properties={"alias": "bob"})
    project.capture("$identify", march(4), distinct_id="eve", properties={"$anon_distinct_id": "e"})
    project.capture("$merge_dangerously", march(5), properties={"alias": "eve"})
    project.capture("opened", march(6), distinct_id="stranger")


def world(rules: MergeRules, *asked: Any) -> list[set[str]]:
    """Return the distinct ids of each person that captured events make under some rules."""
    made = World(1, rules)
    for each in asked:
        made.take_in(each.captured)
    found: dict[Any, set[str]] = {}
    for name, person in made.owners.items():
        found.setdefault(person.id, set()).add(name)
    return list(found.values())


def test_under_the_rules_that_are_nothing_differs(life: Lives, database_url: str) -> None:
    people(life)
    (summary,) = told(database_url, "guard-alias=on,merge-dangerously=on,attach-identified=on")

    assert summary == {
        "kind": "summary",
        "project": 1,
        "rules": "guard-alias=on,merge-dangerously=on,attach-identified=on",
        "events": 6,
        "merges": 5,
        "persons_now": 3,
        "persons_then": 3,
        "unlike_replay": 0,
        "differences": 0,
    }


def test_a_merge_that_was_refused_would_happen(life: Lives, database_url: str) -> None:
    people(life)
    difference, summary = told(database_url, "guard-alias=off")

    assert difference["now"] == [["ada", "a", "eve", "e"], ["bob", "b"]]
    assert difference["then"] == [["ada", "a", "bob", "b", "eve", "e"]]
    assert difference["persons"] == [
        str(life.person("ada").person_id),
        str(life.person("bob").person_id),
    ]
    (decision,) = difference["because"]
    assert (decision["event"], decision["source"], decision["target"]) == (
        "$create_alias",
        "bob",
        "ada",
    )
    assert (decision["joined_now"], decision["joined_then"]) == (False, True)
    assert (summary["persons_now"], summary["persons_then"]) == (3, 2)


def test_a_merge_that_happened_would_be_refused(life: Lives, database_url: str) -> None:
    people(life)
    difference, summary = told(database_url, "merge-dangerously=off")

    assert difference["now"] == [["ada", "a", "eve", "e"]]
    assert difference["then"] == [["ada", "a"], ["eve", "e"]]
    assert (summary["persons_now"], summary["persons_then"]) == (3, 4)


def test_people_are_told_in_words(life: Lives, database_url: str) -> None:
    people(life)
    output = done(database_url, "replay", "--rules", "illegal-ids=e|x", "--report")

    assert output.splitlines()[0] == "now ada, a, eve, e"
    assert output.splitlines()[1] == "  then ada, a, eve"
    assert output.splitlines()[2].startswith("  $identify ")
    assert output.splitlines()[2].endswith("does not join 'e' to 'eve' then")
    assert output.splitlines()[3] == (
        "project 1: 3 persons by the rules of the store, 3 by illegal-ids=e|x; "
        "6 captured events replayed, 5 of them ask to join persons"
    )


def test_the_store_stays_as_it_is(life: Lives, database_url: str) -> None:
    people(life)
    before = contents(database_url)
    told(database_url, "guard-identify=off,guard-alias=off,illegal-ids=ada")

    assert contents(database_url) == before


def test_what_was_not_captured_is_counted(life: Lives, database_url: str) -> None:
    people(life)
    imported = ForeignPerson(distinct_ids=["cleo", "c"], properties={})
    life.do(ImportPerson(imported))
    life.do(SplitPerson(person_id=life.person("bob").person_id, main_distinct_id="bob"))
    life.do(DeletePerson(person_id=life.person("eve").person_id))
    (summary,) = told(database_url, "guard-alias=off")

    # Ada, who was also Eve, is gone. Cleo is like any other, but Bob and his other id were one.
    assert (summary["persons_now"], summary["persons_then"]) == (3, 3)
    assert summary["unlike_replay"] == 2


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (AS_POSTHOG, [{"ada", "a"}, {"bob", "b"}]),
        (MergeRules(unguarded=GUARDS_NONE), [{"ada", "a", "bob", "b"}]),
        (MergeRules(unguarded=frozenset({"$create_alias"})), [{"ada", "a", "bob", "b"}]),
        (MergeRules(illegal_ids=frozenset({"b"})), [{"ada", "a", "bob"}]),
    ],
)
def test_rules_decide_who_is_who(chosen: MergeRules, expected: list[set[str]]) -> None:
    found = world(chosen, identify("ada", "a"), identify("bob", "b"), alias("ada", "bob"))

    assert sorted(map(sorted, found)) == sorted(map(sorted, expected))


def test_an_unseen_id_need_not_come_to_an_identified_person() -> None:
    chosen = MergeRules(attaches_identified=False)
    asked = [identify("ada", "a"), identify("bob", "ada"), identify("ada", "new")]

    assert world(AS_POSTHOG, *asked) == [{"ada", "a", "bob", "new"}]
    assert world(chosen, *asked) == [{"ada", "a", "new"}, {"bob"}]
    assert world(chosen, identify("ada", "a"), merge("bob", "ada")) == [{"ada", "a", "bob"}]


def test_who_is_refused_is_known_by_name_all_the_same() -> None:
    chosen = MergeRules(attaches_identified=False)
    asked = [identify("ada", "a"), identify("bob", "ada"), alias("eve", "bob")]

    assert world(chosen, visit("eve"), *asked) == [{"eve"}, {"ada", "a"}, {"bob"}]


def test_what_touches_nobody_makes_nobody() -> None:
    personless = captured("opened", "ada", {"$process_person_profile": False})

    assert world(AS_POSTHOG, personless) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", AS_POSTHOG),
        ("guard-identify=on,guard-alias=on", AS_POSTHOG),
        ("guard-alias=off, guard-identify=off", MergeRules(unguarded=GUARDS_NONE)),
        ("merge-dangerously=off", MergeRules(unguarded=frozenset())),
        ("attach-identified=off", MergeRules(attaches_identified=False)),
        ("illegal-ids=a|b", MergeRules(illegal_ids=frozenset({"a", "b"}))),
    ],
)
def test_rules_are_read(text: str, expected: MergeRules) -> None:
    assert rules(text) == expected


@pytest.mark.parametrize(
    "text", ["guard", "guard-alias", "guard-alias=maybe", "x=on", "illegal-ids="]
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no rule; there are"):
        rules(text)


def test_a_wrong_rule_is_one_clear_answer(database_url: str) -> None:
    done(database_url, "projects", "create", "new")
    result = persons(database_url, "replay", "--rules", "x=on", "--report")

    assert result.exit_code == 2
    assert "x=on is no rule; there are, each =on or =off:" in result.stderr


def test_groups_that_share_members_are_told_together() -> None:
    now = [["a", "b"], ["c"], ["d"], ["e", "f"], ["g"]]
    then = [["a", "c"], ["b"], ["f", "e"], ["d"]]

    assert list(components(now, then)) == [
        ([["a", "b"], ["c"]], [["a", "c"], ["b"]]),
        ([["g"]], []),
    ]
