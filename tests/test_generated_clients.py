"""Clients that tools make of the document: they have types that hold, and they work."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import node
from tests.project import Project
from tests.scenario import event
from tests.server import Server

PYTHON_STORY = Path(__file__).with_name("client_story.py")
TYPESCRIPT_STORY = Path(__file__).with_name("client_story.ts")
TOLD = {
    "names": ["ada"],
    "plan": "pro",
    "plans": ["free", "pro"],
    "history": ["PersonCreated", "PropertySet", "PropertySet"],
    "changes": ["plan"],
    "missing": "Not found.",
}

# What tools make of the document is the same on each database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """A service that knows of one person; its document lies beside its log."""
    new_server = Server(tmp_path, database_url)
    with httpx.Client(base_url=new_server.url, trust_env=False) as http:
        Project(http).capture(event("$set", "ada", {"$set": {"plan": "free"}}))
        (tmp_path / "openapi.json").write_bytes(http.get("/api/schema").content)
    yield new_server
    new_server.kill()


def run(*command: str | Path, server: Server) -> str:
    """Return what a command prints, beside the document; it must have nothing to complain about."""
    place = {"STORY_URL": server.url, "STORY_KEY": server.key}
    binaries = Path(sys.executable).parent
    completed = subprocess.run(
        command,
        check=False,
        cwd=server.log.parent,
        env=os.environ | place | {"PATH": f"{binaries}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,  # seconds
    )
    assert (completed.returncode, completed.stderr) == (0, ""), completed.stdout
    return completed.stdout


def copied(story: Path, server: Server) -> Path:
    """Put a story beside the document, where the client that it imports will be."""
    copy = server.log.with_name(story.name)
    copy.write_bytes(story.read_bytes())
    return copy


def test_a_python_client(server: Server) -> None:
    # The tool knows no scripts.
    config = server.log.with_name("config.yml")
    config.write_text("content_type_overrides: {application/javascript: text/plain}\n")
    options = ["--path", "openapi.json", "--meta", "none", "--output-path", "generated_client"]
    options += ["--config", config.name, "--fail-on-warning"]
    said = run("openapi-python-client", "generate", *options, server=server)
    assert said == "Generating generated_client\n"
    story = copied(PYTHON_STORY, server)
    checks = ["mypy", "--strict", "--follow-imports=silent"]
    run(*checks, story, server=server)

    assert json.loads(run(sys.executable, story, server=server)) == TOLD


def test_a_typescript_client(server: Server, pytestconfig: pytest.Config) -> None:
    modules = node.modules(pytestconfig.cache.mkdir("node"), node.TYPESCRIPT)
    server.log.with_name("node_modules").symlink_to(modules)
    programs = modules / ".bin"
    run(programs / "openapi-typescript", "openapi.json", "-o", "schema.d.ts", server=server)
    story = copied(TYPESCRIPT_STORY, server)
    options = "--strict --target es2022 --module nodenext --types node".split()
    run(programs / "tsc", *options, story, server=server)

    assert json.loads(run("node", story.with_suffix(".js"), server=server)) == TOLD
