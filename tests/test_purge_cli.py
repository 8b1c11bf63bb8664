from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from api.cli import main
from storage import projects
from tests.erasures import Erasures, erasures
from tests.lives import NOW, march


@pytest.fixture
def project(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Erasures]:
    """A project with two persons, ada and eve, in the database that commands find."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    with erasures(database_url) as project:
        project.capture("opened", march(1), email="ada@example.com")
        project.capture("opened", march(1), distinct_id="eve")
        yield project


def run(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=input)


def said(*arguments: str) -> dict[str, Any]:
    """Return the JSON that a command prints."""
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    answer: dict[str, Any] = msgspec.json.decode(result.stdout)
    return answer


def test_purge_says_what_it_did(project: Erasures) -> None:
    project.delete(erases_now=True, deletes_events=True)

    result = run("purge")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "1 captured events deleted, 1 orders done; 1 persons erased, with 2 events of the log and"
        " 0 warnings, in "
    )
    assert ("pages may hold traces" in result.stdout) == (not project.database.is_sqlite)
    assert said("purge")["persons"] == 0


def test_purge_in_full_leaves_no_traces(project: Erasures) -> None:
    project.delete(erases_now=True, deletes_events=True)

    assert said("purge", "--full")["is_clean"]


def test_purge_keeps_to_the_retention(project: Erasures, monkeypatch: pytest.MonkeyPatch) -> None:
    project.delete(at=datetime.now(UTC) - timedelta(days=2))

    monkeypatch.setenv("PERSONS_RETENTION_DAYS", "3")
    assert said("purge")["persons"] == 0
    monkeypatch.setenv("PERSONS_RETENTION_DAYS", "1.5")
    assert said("purge")["persons"] == 1


def test_erase_erases_a_living_person_at_once(project: Erasures) -> None:
    person_id = project.person().person_id

    receipt = said("erase", "--person", "1", "--captured", "--yes")

    assert (receipt["person"], receipt["number"]) == (str(person_id), 1)
    assert receipt["by"] == {"kind": "system", "name": "erase"}
    assert receipt["captured_events"] == 1
    assert receipt["completed_at"]
    assert not any(each["found"] for each in receipt["sweep"]["columns"])
    assert said("erase", "--person", str(person_id)) == receipt
    assert len(project.events_of("eve")) == 1
    project.check()


def test_erase_leaves_captured_events_unless_asked(project: Erasures) -> None:
    receipt = said("erase", "--person", "1", "--yes")
    found = {each["table"] for each in receipt["sweep"]["columns"] if each["found"]}
    assert (receipt["captured_events"], found) == (0, {"captured_events"})

    again = said("erase", "--person", "1", "--captured", "--yes")

    assert again["person"] == receipt["person"]
    assert project.purge().captured_events == 0
    assert project.captured() == ["eve"]


def test_erase_erases_who_is_deleted_already(project: Erasures) -> None:
    project.delete()

    assert said("erase", "--person", "1", "--captured", "--yes")["captured_events"] == 1
    assert project.captured() == ["eve"]


def test_who_cannot_be_asked_has_to_say_yes(project: Erasures) -> None:
    result = run("erase", "--person", "1")

    assert (result.exit_code, "say --yes" in result.stderr) == (2, True)
    assert project.person().number == 1


@pytest.mark.parametrize(("answer", "is_there"), [("n\n", True), ("y\n", False)])
def test_on_a_terminal_one_is_asked(
    project: Erasures, monkeypatch: pytest.MonkeyPatch, answer: str, is_there: bool
) -> None:
    monkeypatch.setattr("api.cli.erasing.is_terminal", lambda: True)
    person_id = project.person().person_id

    result = run("erase", "--person", "1", "--captured", input=answer)

    assert "Erase person 1 and all its captured events?" in result.stderr
    assert (project.receipt(person_id) is None) == is_there


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (("--person", "17"), 1, "there is no person 17"),
        (("--person", "ada"), 2, "neither an integer id nor a uuid"),
        (("--person", "1", "--project", "9"), 2, "there is no project 9"),
        ((), 2, "--person"),
    ],
)
def test_a_wrong_erase_is_one_clear_line(
    project: Erasures, arguments: tuple[str, ...], status: int, reason: str
) -> None:
    result = run("erase", *arguments, "--yes")

    assert (result.exit_code, reason in result.stderr) == (status, True), result.output


def test_of_several_projects_one_is_named(project: Erasures) -> None:
    with project.database.writing() as connection:
        projects.create(connection, "another", at=NOW)

    assert "--project is needed" in run("erase", "--person", "1", "--yes").stderr
    assert said("erase", "--person", "1", "--project", "1", "--yes")["number"] == 1


def test_who_was_merged_away_is_erased_with_the_other(project: Erasures) -> None:
    project.merge("ada", "eve", march(2))
    ada = project.person().person_id

    result = run("erase", "--person", "2", "--yes")

    assert result.exit_code == 1
    assert f"was merged into {ada}: erase that one" in result.stderr
