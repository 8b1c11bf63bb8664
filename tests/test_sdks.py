"""PostHog's own clients, unchanged, against the service as a process."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import pytest
from posthog import Posthog

from tests.databases import DATABASES, new_database
from tests.project import Person, Project
from tests.server import Server

NODE_STORY = Path(__file__).with_name("node_story.js")
SIGNED_UP = datetime(2024, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=DATABASES, scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A service that the tests of this module share; each has distinct ids of its own."""
    with new_database(request) as url:
        new_server = Server(tmp_path_factory.mktemp("serve"), url)
        yield new_server
        new_server.kill()


@pytest.fixture
def project(server: Server) -> Iterator[Project]:
    with httpx.Client(base_url=server.url) as http:
        yield Project(http)


def told(project: Project, prefix: str) -> list[Person]:
    """Return the persons with a distinct id that begins so, sorted."""
    return [person for person in project.persons() if person.distinct_ids[0].startswith(prefix)]


def check_story(project: Project, prefix: str) -> None:
    """See that a client's story, the same for all clients, left the persons that it should."""
    assert all(each.distinct_ids[0][:3] in {"py-", "js-"} for each in project.persons())
    ada, eve = told(project, prefix)
    assert ada.distinct_ids == [f"{prefix}{name}" for name in ("ada", "anon", "legacy", "other")]
    assert ada.is_identified
    assert ada.properties == {
        "email": "ada@x.io",
        "src": "ad",
        "name": "Ada",
        "tags": ["a", {"b": None}],
        "none": None,
        "first": 1,
        "city": "Oslo",
        "theme": "dark",
    }
    # As the sender's clock is put right, the time of day shifts by what a request takes.
    delay = datetime.fromisoformat(ada.created_at) - SIGNED_UP
    assert timedelta() <= delay < timedelta(seconds=10)
    assert (eve.distinct_ids, eve.is_identified) == ([f"{prefix}eve"], False)
    assert eve.properties == {"n": 249}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gzip": True},
        {"sync_mode": True},
        {"capture_mode": "v1"},
        {"capture_mode": "v1", "capture_compression": "gzip"},
    ],
    ids=["v0", "v0-gzip", "v0-sync", "v1", "v1-gzip"],
)
def test_posthog_python(
    server: Server, project: Project, options: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    said = f"py-{request.node.callspec.id}:"
    with python_client(server, **options) as posthog:
        posthog.capture("seen", distinct_id=f"{said}anon", properties={"$set": {"theme": "dark"}})
        posthog.capture(
            "signed up",
            distinct_id=f"{said}ada",
            properties={"plan": "pro", "$set": {"email": "ada@x.io"}, "$set_once": {"src": "ad"}},
            timestamp=SIGNED_UP,
        )
        named = {"name": "Ada", "tags": ["a", {"b": None}], "none": None, "seats": 3}
        posthog.set(distinct_id=f"{said}ada", properties=named)
        posthog.set_once(distinct_id=f"{said}ada", properties={"src": "seo", "first": 1})
        joined = {"$anon_distinct_id": f"{said}anon", "$set": {"city": "Oslo"}}
        posthog.capture("$identify", distinct_id=f"{said}ada", properties=joined)
        posthog.alias(f"{said}ada", f"{said}legacy")
        other = {"alias": f"{said}other"}
        posthog.capture("$merge_dangerously", distinct_id=f"{said}ada", properties=other)
        gone = {"$unset": ["seats", "never there"]}
        posthog.capture("left", distinct_id=f"{said}ada", properties=gone)
        posthog.capture("somebody was here")
        for number in range(250):
            posthog.set(distinct_id=f"{said}eve", properties={"n": number})

    check_story(project, said)


def test_what_python_says_while_nobody_listens_is_said_again(
    server: Server, project: Project
) -> None:
    with python_client(server, max_retries=10) as posthog:
        posthog.set(distinct_id="py-patient", properties={"n": 1})
        posthog.flush()
        server.kill()
        posthog.set(distinct_id="py-patient", properties={"n": 2})
        posthog.set(distinct_id="py-patient", properties={"m": 1})
        back = Timer(0.5, server.restart)
        back.start()
        posthog.flush()
        back.join()

    assert [person.properties for person in told(project, "py-patient")] == [{"n": 2, "m": 1}]


@contextmanager
def python_client(server: Server, **options: Any) -> Iterator[Posthog]:
    """Give a client; in the end all is sent, or what went wrong fails the test."""
    errors: list[Exception] = []
    posthog = Posthog(
        server.token,
        host=server.url,
        on_error=lambda error, batch: errors.append(error),
        **options,
    )
    yield posthog
    posthog.flush()
    posthog.shutdown()
    assert errors == []


@pytest.mark.parametrize("mode", ["v0", "v0-plain", "v1"])
def test_posthog_node(
    server: Server, project: Project, node_path: Path, mode: str, request: pytest.FixtureRequest
) -> None:
    said = f"js-{request.node.callspec.id}:"
    environment = {
        "NODE_PATH": str(node_path),
        "STORY_URL": server.url,
        "STORY_TOKEN": server.token,
        "STORY_PREFIX": said,
        "STORY_PLAIN": "1" if mode == "v0-plain" else "",
        "POSTHOG_CAPTURE_MODE": mode[:2],
    }
    completed = subprocess.run(
        ["node", NODE_STORY],
        check=False,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,  # seconds
    )

    assert (completed.returncode, completed.stderr) == (0, "")
    check_story(project, said)
