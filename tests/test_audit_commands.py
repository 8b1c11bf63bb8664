import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api.cli import main
from api.settings import SettingsError, audit_key, read
from tests.audited import checkpoint, new_life, spoil
from tests.lives import Lives
from tests.service import Client

PATIENCE = 60  # seconds


@pytest.fixture
def persons_command(database_url: str) -> Callable[..., Result]:
    """Run `persons` on the database of the test."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env={"DATABASE_URL": database_url})

    return run


@pytest.fixture
def life(client: Client) -> Any:
    """A project beside project 1 of a service that runs."""
    with new_life(client.store.database) as project:
        yield project


def test_what_is_right_is_summed_up(life: Lives, persons_command: Callable[..., Result]) -> None:
    checkpoint(life)
    result = persons_command("verify")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("24 events, 4 persons, ")
    assert " rows and 1 checkpoints verified in " in result.stdout
    assert f"project {life.project_id}: the digest of the last event is " in result.stdout
    assert result.stdout.endswith("all is right\n")
    assert result.stderr == ""  # nothing moves in a pipe


def test_what_is_wrong_is_named(life: Lives, persons_command: Callable[..., Result]) -> None:
    spoil(life)
    result = persons_command("verify", "--project", str(life.project_id))

    assert result.exit_code == 1
    person_id = life.person().person_id
    first = result.stdout.splitlines()[0]
    assert first.startswith(f"project {life.project_id}, person {person_id}: persons: row ")
    assert first.endswith(" differs in email")
    assert persons_command("verify", "--project", "1").exit_code == 0


def test_a_report_is_one_json_object(life: Lives, persons_command: Callable[..., Result]) -> None:
    spoil(life)
    result = persons_command("verify", "--json")

    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [each["project_id"] for each in report["findings"]] == [life.project_id]
    assert report["is_right"] is False
    assert report["events"] == 24


def test_a_project_that_is_not_there_is_a_mistake(
    life: Lives, persons_command: Callable[..., Result]
) -> None:
    result = persons_command("verify", "--project", "99")

    assert (result.exit_code, result.stderr) == (2, "persons: there is no project 99\n")


def test_the_service_shows_the_last_verification(
    client: Client, life: Lives, persons_command: Callable[..., Result]
) -> None:
    assert client.get("/_verify").json() == {}
    persons_command("verify")
    right = client.get("/_verify").json()
    spoil(life)
    persons_command("verify", "--project", str(life.project_id))
    assert client.get("/_verify/").json() == right
    persons_command("verify")
    wrong = client.get("/_verify").json()

    assert (right["is_right"], right["findings"], right["events"]) == (True, 0, 24)
    assert set(right["heads"]) == {"1", str(life.project_id)}
    assert (wrong["is_right"], wrong["findings"]) == (False, 1)
    assert "eve@example.com" not in json.dumps(wrong)


def test_the_public_key_is_that_of_the_checkpoints(
    life: Lives, persons_command: Callable[..., Result]
) -> None:
    key = checkpoint(life).key
    lines = [json.loads(each) for each in persons_command("audit", "key", "--json").stdout.split()]

    assert {"project": life.project_id, "key": key} in lines
    assert f"{life.project_id}  {key}" in persons_command("audit", "key").stdout


def test_a_file_is_checked(
    life: Lives, persons_command: Callable[..., Result], tmp_path: Any
) -> None:
    given = checkpoint(life)
    (tmp_path / "note").write_text(given.note)
    right = persons_command("audit", "check", str(tmp_path / "note"), "--key", given.key)
    wrong = persons_command("audit", "check", str(tmp_path / "nothing"))

    assert (right.exit_code, wrong.exit_code) == (0, 1)
    assert right.output.startswith("ok: checkpoint of 24 events")


def test_settings_of_the_audit() -> None:
    key = "A" * 43 + "="

    assert audit_key(read({})) is None
    assert audit_key(read({"PERSONS_AUDIT_KEY": key})) == bytes(32)
    assert read({"PERSONS_VERIFY_HOURS": "0.5"}).persons_verify_hours == 0.5
    with pytest.raises(SettingsError, match=r"PERSONS_AUDIT_KEY: .*32 random bytes"):
        read({"PERSONS_AUDIT_KEY": "secret"})
    with pytest.raises(SettingsError, match="PERSONS_VERIFY_HOURS: "):
        read({"PERSONS_VERIFY_HOURS": "-1"})
