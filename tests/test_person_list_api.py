import csv
import io
from typing import Any

import pytest

from tests.doors import PERSONS, Capture
from tests.service import Client


def names(page: dict[str, Any]) -> list[str]:
    return [person["name"] for person in page["results"]]


@pytest.fixture
def seven(capture: Capture) -> None:
    """Persons p1 to p7, each a day older than the one before."""
    for number in range(1, 8):
        day = f"2024-03-{8 - number:02}T12:00:00Z"
        capture("$set", f"p{number}", {"$set": {"plan": "pro"}}, timestamp=day)


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=1.5", "limit"),
        ("limit=" + "9" * 30, "limit"),
        ("offset=-1", "offset"),
        ("offset=x", "offset"),
        ("offset=" + "9" * 30, "offset"),
        ("include_total=perhaps", "include_total"),
        ("cursor=x", "cursor"),
    ],
)
def test_a_wrong_parameter_is_refused(client: Client, query: str, attr: str) -> None:
    answer = client.get(f"{PERSONS}?{query}")

    assert (answer.status_code, answer.json()["attr"]) == (400, attr)


@pytest.mark.parametrize(
    "query",
    [
        "limit=9223372036854775807",
        "offset=9223372036854775807",
        "search=%00",
        "search=%FF",
        "email=%ED%A0%80",
        "distinct_id=" + "x" * 5_000,
        "%00=1",
        "a=1;b=2&&=&x",
        "limit=&offset=&search=&email=&distinct_id=&properties=&cursor=",
    ],
)
def test_no_parameter_is_too_odd_to_be_answered(client: Client, seven: None, query: str) -> None:
    assert client.get(f"{PERSONS}?{query}").status_code == 200


def test_filters_apply_together(client: Client, capture: Capture, seven: None) -> None:
    capture("$set", "p3", {"$set": {"email": "three@x.org"}})
    capture("$set", "p4", {"$set": {"email": "four@x.org", "plan": "free"}})
    properties = '[{"key": "plan", "value": "pro", "type": "person"}]'

    def found(**asked: str) -> list[str]:
        return names(client.get(PERSONS, params=asked).json())

    assert found(email="three@x.org") == found(distinct_id="p3") == ["three@x.org"]
    assert found(search="X.OR") == ["three@x.org", "four@x.org"]
    assert found(search="x.or", properties=properties) == ["three@x.org"]
    assert found(email="nobody@x.org") == found(distinct_id="nobody") == []
    assert client.get(PERSONS, params={"properties": "x"}).json()["detail"] == (
        "Properties are unparsable!"
    )


@pytest.mark.parametrize(
    ("path", "accept"),
    [(".csv?limit=2", "*/*"), ("/?format=csv&limit=2", "*/*"), ("?limit=2", "text/csv")],
)
def test_the_list_comes_in_csv(client: Client, seven: None, path: str, accept: str) -> None:
    answer = client.get(PERSONS + path, headers={"Accept": accept})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["distinct_ids.0"] for row in rows] == [f"p{number}" for number in range(1, 8)]
    assert rows[0]["created_at"] == "2024-03-07T12:00:00Z"
    assert rows[0]["properties.plan"] == "pro"
    assert rows[0]["is_identified"] == "False"


def test_csv_takes_filters_too(client: Client, seven: None) -> None:
    answer = client.get(f"{PERSONS}.csv", params={"distinct_id": "p2"})

    assert len(answer.text.splitlines()) == 2
    assert client.get(f"{PERSONS}.csv", params={"distinct_id": "nobody"}).text == ""
    assert client.get(f"{PERSONS}.csv", params={"properties": "x"}).status_code == 400
