import re

import pytest

from tests.doors import PERSONS, Capture, set_naming
from tests.service import Client

ADA = "146d7b3f-8d79-5c40-b735-cb7482a5db63"  # of `foo` in project 1


@pytest.fixture
def ada(capture: Capture) -> str:
    """The path of a person whose integer id is 1."""
    capture("$set", "foo", {"$set": {"plan": "pro", "age": 5}})
    return f"{PERSONS}/1"


def test_a_person_is_read_by_integer_id_or_uuid(client: Client, ada: str) -> None:
    person = client.get(ada).json()

    assert (person["id"], person["uuid"]) == (1, ADA)
    assert person["distinct_ids"] == ["foo"]
    assert person["name"] == "foo"
    assert person["properties"]["plan"] == "pro"
    assert person["is_identified"] is False
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", person["created_at"])
    for name in (ADA, ADA.upper(), ADA.replace("-", ""), f"{{{ADA}}}"):
        assert client.get(f"{PERSONS}/{name}").json() == person


@pytest.mark.parametrize("mount", ["/api/projects/1/persons", "/api/environments/1/persons"])
@pytest.mark.parametrize("tail", ["", "/", ".json", ".json/", "?format=json"])
def test_a_person_stands_at_many_addresses(client: Client, ada: str, mount: str, tail: str) -> None:
    answer = client.get(f"{mount}/1{tail}", follow_redirects=False)

    assert answer.status_code == 200
    assert answer.json()["id"] == 1


def test_the_old_address_means_the_keys_own_project(client: Client, ada: str) -> None:
    assert client.get("/api/person/1/").json() == client.get(ada).json()
    assert client.get("/api/person").json()["results"][0]["uuid"] == ADA


@pytest.mark.parametrize("path", ["99", "0", "-1", "9" * 25, "9" * 32, ADA.replace("1", "2")])
def test_an_unknown_person_is_not_found(client: Client, ada: str, path: str) -> None:
    answer = client.get(f"{PERSONS}/{path}")

    assert answer.status_code == 404
    assert answer.json() == {
        "type": "invalid_request",
        "code": "not_found",
        "detail": "Not found.",
        "attr": None,
    }


@pytest.mark.parametrize("path", ["foo", "a@b.com", "1.5.x", "9" * 5_000, "%00", "x%0A", "é"])
def test_what_is_no_id_is_told_to_be_a_distinct_id(client: Client, path: str) -> None:
    answer = client.get(f"{PERSONS}/{path}")

    assert answer.status_code == 400
    assert "please use /persons?distinct_id=" in answer.json()["detail"]
    assert answer.json()["attr"] is None


@pytest.mark.parametrize(
    "path", ["/1.xml", "/1.5", "/1?format=xml", ".xml", "?format=xml", "/1/nothing"]
)
def test_an_unknown_format_or_route_is_not_found(client: Client, ada: str, path: str) -> None:
    answer = client.get(PERSONS + path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/1"),
        ("GET", "/1/split"),
        ("DELETE", ""),
        ("PATCH", "/activity"),
        ("OPTIONS", "/1"),
    ],
)
def test_a_wrong_method_is_not_allowed(client: Client, method: str, path: str) -> None:
    answer = client.request(method, PERSONS + path)

    assert answer.status_code == 405
    assert answer.json()["detail"] == f'Method "{method}" not allowed.'
    assert method not in answer.headers["allow"]


def test_persons_are_not_created_here(client: Client) -> None:
    answer = client.post(PERSONS, json={"distinct_id": "x"})

    assert answer.status_code == 405
    assert "$identify" in answer.json()["detail"]


def test_a_project_chooses_what_names_its_persons(client: Client, ada: str) -> None:
    set_naming(client, "company", "plan")

    assert client.get(ada).json()["name"] == "pro"
    assert client.get(PERSONS).json()["results"][0]["name"] == "pro"


def test_a_read_waits_for_the_position_that_it_names(client: Client, ada: str) -> None:
    position = client.patch(ada, json={"properties": {"a": 1}}).headers["x-position"]

    assert client.get(ada, headers={"X-Min-Position": position}).json()["properties"]["a"] == 1
    assert client.get(ada, headers={"X-Min-Position": "soon"}).status_code == 400
    late = client.get(ada, headers={"X-Min-Position": "999999"})
    assert (late.status_code, late.headers["retry-after"]) == (503, "1")


def test_a_person_in_csv_has_no_rows_and_an_error_stays_json(client: Client, ada: str) -> None:
    person = client.get(f"{ada}.csv")

    assert (person.status_code, person.content) == (200, b"")
    assert client.get(f"{PERSONS}/99.csv").json()["code"] == "not_found"


def test_the_document_and_its_pages_are_served(client: Client) -> None:
    assert client.get("/api/schema/").json() == client.get("/api/schema").json()
    page = client.get("/api/schema/swagger-ui/").text
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        assert client.get(address).is_success
    assert "http" not in page
    assert client.get("/api/schema/swagger-ui/url.json").status_code == 404
