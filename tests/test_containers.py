"""The Containerfile and compose.yaml say what is true of the product."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from api import settings
from api.service.stopping import STOP_TIMEOUT
from tests.server import Server

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
STORE, DATABASE = COMPOSE["services"]["store"], COMPOSE["services"]["database"]


def instructions() -> list[tuple[str, str]]:
    """Return the Containerfile's instructions, each with what follows it on the same line."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines) if name]


def said(name: str) -> list[str]:
    """Return what all instructions of a name say."""
    return [" ".join(rest.split()) for each, rest in instructions() if each == name]


def environment() -> dict[str, str]:
    """Return the variables that a container has."""
    return dict(pair.split("=", 1) for pair in said("ENV")[0].split())


def composed() -> dict[str, str]:
    """Return the variables of the store in compose.yaml, where nobody has set any."""
    given: dict[str, str] = STORE["environment"]
    return {name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value) for name, value in given.items()}


def test_the_image_holds_all_that_is_installed() -> None:
    copied = {path for each in said("COPY") for path in each.split()[:-1]}
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    needed = {*packages, "pyproject.toml", PROJECT["project"]["readme"], "LICENSE"}
    assert copied - {"--from=build", "/opt/persons"} == needed
    assert all((ROOT / each).exists() for each in needed)


def test_the_image_sets_only_what_is_a_setting() -> None:
    given = environment()

    assert set(given) - {"PATH"} <= set(settings.MEANINGS)
    read = settings.read(given)
    assert said("EXPOSE") == [str(read.port)]
    assert read.database_url == f"sqlite:///{said('VOLUME')[0]}/persons.db"
    assert said("WORKDIR")[-1] == said("VOLUME")[0]


def test_the_image_runs_the_service_and_not_as_root() -> None:
    (program,) = json.loads(said("ENTRYPOINT")[0])
    (command,) = json.loads(said("CMD")[0])
    (user,) = said("USER")

    assert program in PROJECT["project"]["scripts"]
    assert command == "serve"
    assert int(user) > 0
    assert f"--uid {user} " in said("RUN")[-1]
    assert said("STOPSIGNAL") == ["SIGTERM"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_health_check_knows_a_living_service_from_a_dead_one(
    database_url: str, serve: Callable[..., Server]
) -> None:
    server = serve(database_url)
    _, command = said("HEALTHCHECK")[0].split(" CMD ")
    program, *arguments = json.loads(command)
    port = str(urlsplit(server.url).port)

    def status() -> int:
        ended = subprocess.run(
            [sys.executable, *arguments],
            check=False,
            env=os.environ | {"PORT": port},
            capture_output=True,
        )
        return ended.returncode

    alive = status()
    server.stop()
    assert (program, alive) == ("python", 0)
    assert status() != 0


def test_what_is_composed_sets_only_what_is_a_setting() -> None:
    read = settings.read(composed())

    assert set(composed()) <= set(settings.MEANINGS)
    assert read.persons_drain_seconds > 0
    assert (read.persons_api_key, read.site_url) == (None, None)


def test_the_store_finds_its_database() -> None:
    url = urlsplit(composed()["DATABASE_URL"])
    given = {
        name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value)
        for name, value in DATABASE["environment"].items()
    }

    assert url.hostname in COMPOSE["services"]
    assert STORE["depends_on"][url.hostname] == {"condition": "service_healthy"}
    assert (url.username, url.password, url.path[1:]) == (
        given["POSTGRES_USER"],
        given["POSTGRES_PASSWORD"],
        given["POSTGRES_DB"],
    )
    assert f"pg_isready -U {url.username} -d {url.path[1:]} " in DATABASE["healthcheck"]["test"][1]


def test_what_is_kept_is_kept_in_volumes() -> None:
    (volume,) = DATABASE["volumes"]

    assert volume.split(":")[0] in COMPOSE["volumes"]
    assert (ROOT / STORE["build"]["dockerfile"]).exists()


def test_the_service_is_reached_on_its_port_and_from_this_machine_only() -> None:
    (port,) = STORE["ports"]

    assert port == f"127.0.0.1:{environment()['PORT']}:{environment()['PORT']}"


def test_a_container_has_the_time_that_a_stop_may_take() -> None:
    seconds = int(STORE["stop_grace_period"].removesuffix("s"))

    assert seconds >= settings.read(composed()).persons_drain_seconds + 2 * STOP_TIMEOUT


def test_compose_itself_can_read_it() -> None:
    docker = shutil.which("docker")
    ended = docker and subprocess.run(
        [docker, "compose", "-f", ROOT / "compose.yaml", "config", "--quiet"],
        check=False,
        capture_output=True,
        text=True,
    )
    if not ended or "unknown" in ended.stderr or "not a docker command" in ended.stderr:
        pytest.skip("there is no `docker compose`")

    assert (ended.returncode, ended.stderr) == (0, "")
