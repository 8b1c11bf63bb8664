import pytest

from tests.doors import PERSONS, Capture, new_key, new_project
from tests.service import Client

ADA = "146d7b3f-8d79-5c40-b735-cb7482a5db63"  # of `foo` in project 1


@pytest.fixture
def ada(capture: Capture) -> str:
    """The path of a person whose integer id is 1."""
    capture("$set", "foo", {"$set": {"plan": "pro", "age": 5}})
    return f"{PERSONS}/1"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "not_authenticated"),
        ("Bearer", "not_authenticated"),
        ("Basic YTpi", "not_authenticated"),
        ("Bearer phx_unknown", "authentication_failed"),
    ],
)
def test_without_a_key_nothing_opens(client: Client, authorization: str, code: str) -> None:
    answer = client.get(f"{PERSONS}/1", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert (answer.json()["type"], answer.json()["code"]) == ("authentication_error", code)


def test_a_key_opens_what_its_scopes_say(client: Client, ada: str) -> None:
    reader, writer = new_key(client, "person:read"), new_key(client, "person:write")
    body = {"properties": {"a": 1}}

    refused = client.patch(ada, json=body, headers=reader)

    assert refused.status_code == 403
    assert refused.json()["detail"] == "API key missing required scope 'person:write'"
    assert client.get(f"{ada}/activity", headers=writer).status_code == 403
    assert client.get(ada, headers=reader).status_code == 200
    assert client.get(f"{ada}/properties_timeline", headers=reader).status_code == 200
    assert client.patch(ada, json=body, headers=writer).status_code == 200
    assert client.get(ada, headers=writer).status_code == 200


def test_projects_do_not_see_each_other(client: Client, ada: str) -> None:
    other = new_project(client)
    stranger = new_key(client, "*", project_id=other)

    denied = client.get(f"/api/projects/{other}/persons/1")
    assert denied.status_code == 403
    assert denied.json()["code"] == "permission_denied"
    assert client.get("/api/projects/1/persons/1", headers=stranger).status_code == 403
    assert client.get(f"{PERSONS}/{ADA}", headers=stranger).status_code == 404
    assert client.get(PERSONS, headers=stranger).json()["results"] == []


@pytest.mark.parametrize("project", ["99", "x", "-1", "1.0", "9" * 30, "9" * 5_000, "@other"])
def test_an_unknown_project_is_not_found(client: Client, project: str) -> None:
    answer = client.get(f"/api/projects/{project}/persons")

    assert (answer.status_code, answer.json()["detail"]) == (404, "Project not found.")
