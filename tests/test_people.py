from datetime import UTC, timedelta
from typing import TypeAlias
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.values import JSON
from projections import people
from projections.filters import Filter
from projections.people import PersonRow
from storage.engine import Database
from tests.population import NOW, Population

Asked: TypeAlias = dict[str, JSON]  # fields of a PersonsQuery

NOBODY = UUID(int=7)
BIRTHDAYS = [NOW - timedelta(days=day) for day in (1, 1, 2, 3)]  # two are the same


def test_a_person_is_read_by_each_of_its_names(population: Population) -> None:
    ada = population.bear("ada", "ada@b.c", "ID-3", properties={"plan": "é", "n": 1.0})
    eve = population.bear("eve")
    names = ["ID-3", "nobody", "eve", "ada"]
    with population.database.reading() as connection:
        project_id = population.project_id
        row = people.by_number(connection, project_id, 1)
        by_id = people.by_person_ids(connection, project_id, [eve, ada, NOBODY])
        by_name = people.by_distinct_ids(connection, project_id, names)

    created_at = NOW - timedelta(days=1) + timedelta(minutes=1)
    assert row == PersonRow(
        person_id=ada,
        number=1,
        version=2,
        created_at=created_at,
        last_seen_at=created_at,
        is_identified=False,
        properties='{"plan":"é","n":1.0}',
        distinct_ids=["ada", "ada@b.c", "ID-3"],
    )
    assert row.created_at.tzinfo is UTC
    assert by_id.keys() == {ada, eve}
    assert by_name == {"ID-3": row, "eve": by_id[eve], "ada": row}


def test_nobody_is_found_where_nobody_is(population: Population, database: Database) -> None:
    population.bear("ada")
    population.delete("ada")
    stranger = Population(database)
    eve = stranger.bear("eve")
    with database.reading() as connection:
        project_id = population.project_id

        assert people.by_number(connection, project_id, 1) is None
        assert people.by_number(connection, project_id, 10**30) is None
        assert people.by_number(connection, project_id, -(2**63)) is None
        assert people.by_person_ids(connection, project_id, [eve]) == {}
        assert people.by_person_ids(connection, project_id, []) == {}
        assert people.by_distinct_ids(connection, project_id, ["ada", "eve", ""]) == {}


def test_reads_that_wait_share_a_query(population: Population, database: Database) -> None:
    ada, eve = population.bear("ada"), population.bear("eve")
    stranger = Population(database)
    bob = stranger.bear("bob")
    here, there = population.project_id, stranger.project_id
    wanted: list[tuple[int, int | UUID]]
    wanted = [(here, 2), (there, bob), (here, ada), (there, 1), (here, bob), (here, 9), (there, 2)]
    with database.reading() as connection:
        found = people.points(connection, wanted)

    assert {key: row.person_id for key, row in found.items()} == {
        (here, 2): eve,
        (there, bob): bob,
        (here, ada): ada,
        (there, 1): bob,
    }


def test_a_nul_is_looked_up_as_it_is_kept(population: Population) -> None:
    population.bear("a\ufffdb", properties={"email": "\ufffd@b.c"})
    with population.database.reading() as connection:
        found = people.by_distinct_ids(connection, population.project_id, ["a\0b"])

    assert list(found) == ["a\0b"]
    assert population.names(distinct_id="a\0b", email="\0@b.c", search="A\0") == ["a\ufffdb"]


def test_the_newest_come_first(population: Population) -> None:
    for number, birthday in enumerate(BIRTHDAYS):
        population.bear(str(number), created_at=birthday)
    first_two = sorted("01", key=lambda name: population.persons[name].id, reverse=True)

    assert population.names() == [*first_two, "2", "3"]


def test_those_of_the_future_are_not_listed(population: Population) -> None:
    population.bear("tomorrow", created_at=NOW + timedelta(days=1))
    population.bear("later", created_at=NOW + timedelta(days=1, microseconds=1))

    assert population.names() == ["tomorrow"]
    assert population.names(search="later") == []
    assert population.names(distinct_id="later") == []


def test_the_dead_and_others_projects_are_not_listed(
    population: Population, database: Database
) -> None:
    population.bear("ada", properties={"email": "a@b.c"})
    population.bear("eve", properties={"email": "a@b.c"})
    population.delete("eve")
    Population(database).bear("bob", properties={"email": "a@b.c"})

    assert population.names() == ["ada"]
    assert population.names(email="a@b.c") == ["ada"]
    assert population.names(search="b") == ["ada"]
    assert population.names(distinct_id="bob") == []


@given(st.data())
def test_pages_cover_the_list_once(database: Database, data: st.DataObject) -> None:
    population = Population(database)
    for number in range(data.draw(st.integers(0, 7), "persons")):
        birthday = data.draw(st.sampled_from(BIRTHDAYS))
        population.bear(str(number), created_at=birthday, properties={"n": number % 2})
    odd = [Filter(key="n", value=1)]
    lists: list[Asked] = [{}, {"filters": odd}, {"search": "-"}, {"search": "1"}]
    asked = data.draw(st.sampled_from(lists))
    limit = data.draw(st.integers(1, 8))
    everybody = population.rows(**asked)

    by_offset = [
        row
        for start in range(0, 9, limit)
        for row in population.rows(**asked, limit=limit, offset=start)
    ]
    assert by_offset[: len(everybody)] == everybody
    by_place: list[PersonRow] = []
    after = None
    while page := population.rows(**asked, limit=limit, after=after):
        by_place += page
        after = (page[-1].created_at, page[-1].person_id)
    assert by_place == everybody


def test_an_endless_offset_leads_nowhere(population: Population) -> None:
    population.bear("ada", properties={"n": 1})
    endless: Asked = {"limit": 2**63 - 1, "offset": 2**63 - 1}

    assert population.names(**endless) == []
    assert population.names(**endless, filters=[Filter(key="n", value=1)]) == []
    assert population.names(**endless, search="ada") == []


def test_distinct_ids_in_a_list_are_bounded(population: Population) -> None:
    names = [str(number) for number in range(1_003)]
    population.bear(*names, properties={"n": 1})
    asked: list[Asked] = [{}, {"filters": [Filter(key="n", value=1)]}, {"distinct_id": "1002"}]

    assert [population.rows(**each)[0].distinct_ids for each in asked] == [names[:1_000]] * 3
