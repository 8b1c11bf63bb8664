"""One project of a service that runs, through its public doors alone."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx

from storage import projects
from tests.server import Server
from tests.service import Client


class Person(NamedTuple):
    """A person as the list shows it, without what no test can foretell."""

    distinct_ids: list[str]
    is_identified: bool
    properties: dict[str, Any]
    uuid: str
    created_at: str


class Project:
    """A project; `http` leads to its service. Whatever is refused here fails the test."""

    def __init__(
        self, http: httpx.Client, id: int = 1, token: str = Server.token, key: str = Server.key
    ) -> None:
        self.id = id
        self.token = token
        self._http = http
        self.headers = {"Authorization": f"Bearer {key}"}

    def capture(self, event: dict[str, Any]) -> None:
        """Capture an event with a request of its own."""
        self._send("/capture/", event)

    def capture_all(self, events: Sequence[dict[str, Any]]) -> None:
        """Capture events with one request."""
        self._send("/batch/", {"batch": events})

    def persons(self) -> list[Person]:
        """Return all persons, sorted."""
        return sorted(
            (_person(listed) for listed in self._get("persons?limit=10000")["results"]),
            key=lambda person: person.distinct_ids,
        )

    def owners(self) -> dict[str, Person]:
        """Return the person behind each distinct id."""
        return {each: person for person in self.persons() for each in person.distinct_ids}

    def warnings(self) -> Counter[str]:
        """Return how often each kind of ingestion warning was given."""
        results = self._get("ingestion_warnings")["results"]
        return Counter({each["type"]: each["count"] for each in results})

    def _send(self, path: str, body: dict[str, Any]) -> None:
        answer = self._http.post(path, json={"api_key": self.token} | body)
        assert (answer.status_code, answer.text) == (200, '{"status":1}')

    def _get(self, path: str) -> Any:
        answer = self._http.get(f"/api/projects/{self.id}/{path}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


def new_project(client: Client) -> Project:
    """Return a new project, empty, on a service in this process."""
    secret = projects.new_secret()
    at = datetime.now(UTC)
    with client.store.database.writing() as connection:
        made = projects.create(connection, "new", at=at)
        projects.create_key(
            connection, made.id, secret=secret, name="all", scopes=projects.ALL_SCOPES, at=at
        )
    return Project(client, made.id, made.token, secret)


def _person(listed: dict[str, Any]) -> Person:
    properties = dict(listed["properties"])
    # Every person that was captured into being has it; it may come from either side of a merge.
    assert len(properties.pop("$creator_event_uuid")) == 36
    return Person(
        distinct_ids=sorted(listed["distinct_ids"]),
        is_identified=listed["is_identified"],
        properties=properties,
        uuid=listed["uuid"],
        created_at=listed["created_at"],
    )
