from projections.values import values
from storage.engine import Database
from tests.population import Population


def counted(population: Population, *asked: str | int | None) -> list[tuple[str, int]]:
    with population.database.reading() as connection:
        return values(connection, population.project_id, *asked)  # type: ignore[arg-type]


def test_the_most_frequent_values_come_first(population: Population) -> None:
    plans = ["free", "pro", "free", 1, "1", 1.0, True, None, "", {"b": "é", "a": [1]}, ["x", None]]
    for number, plan in enumerate(plans):
        population.bear(str(number), properties={"plan": plan, "other": "plan"})
    population.bear("none", properties={"plan2": "free", "deep": {"plan": "free"}})
    population.bear("dead", properties={"plan": "free"})
    population.delete("dead")

    assert counted(population, "plan") == [
        ("1", 2),
        ("free", 2),
        ("", 1),
        ("1.0", 1),
        ('["x",null]', 1),
        ("pro", 1),
        ("true", 1),
        ('{"a":[1],"b":"é"}', 1),
    ]
    assert counted(population, "plan", None, 1) == [("1", 2)]
    assert counted(population, "nosuch") == []
    assert counted(population, "") == []


def test_values_are_narrowed_by_a_text_in_them(population: Population) -> None:
    for number, name in enumerate(["Émile", "emile", "100%", 'a"b', "\ufffd"]):
        population.bear(str(number), properties={'na"me': name})

    assert counted(population, 'na"me', "éM") == [("Émile", 1)]
    assert counted(population, 'na"me', "%") == [("100%", 1)]
    assert counted(population, 'na"me', '"') == [('a"b', 1)]
    assert counted(population, 'na"me', "\0") == [("\ufffd", 1)]
    assert counted(population, 'na"me', "x%x") == []


def test_distinct_ids_come_by_the_alphabet(population: Population, database: Database) -> None:
    population.bear("b", "é", "Ä", properties={"distinct_id": "property"})
    population.bear("B", "a")
    Population(database).bear("c")

    assert counted(population, "distinct_id") == [(name, 1) for name in "BabÄé"]
    assert counted(population, "distinct_id", "ä") == [("Ä", 1)]
    assert counted(population, "distinct_id", "", 2) == [("B", 1), ("a", 1)]
