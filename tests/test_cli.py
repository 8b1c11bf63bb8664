import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from api.cli import main
from domain.settings import Settings
from projections.rebuilding import crew, replaying
from storage import projects
from storage.engine import Database
from tests.databases import DATABASES, new_database
from tests.decisions import NOW, delete, edit, identify, uuid_of, visit
from tests.stores import Store, opened, rows

Run = Callable[..., Result]

ADA = uuid_of("ada")
COMMANDS = ["serve", "projects", "keys", "rebuild", "replay", "schema"]
SUBCOMMANDS = [("projects", each) for each in ("create", "list", "set")] + [
    ("keys", each) for each in ("create", "list", "revoke")
]


def running(database_url: str) -> Run:
    """Return what runs `persons` in this process, as `run("projects", "list")`."""

    def run(*arguments: str, **environment: str) -> Result:
        environment = {"DATABASE_URL": database_url} | environment
        return CliRunner(env=environment).invoke(main, arguments)

    return run


@pytest.fixture
def run(database_url: str) -> Run:
    return running(database_url)


@pytest.fixture(scope="module", params=DATABASES)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store in which a person was captured, merged into and edited, and another was deleted.

    In another project there is one more. Tests share them, and change nothing.
    """
    with new_database(request) as url, opened(url) as store:
        project = store.new_project()
        store.do(project, visit("ada", plan="free"), visit("anon", cart=1), visit("eve"))
        store.do(project, identify("ada", "anon"), edit("ada", plan="pro"), delete("eve"))
        other = store.new_project()
        for day in (1, 2, 3):
            store.send(other, visit("ada", day=day), at=NOW.replace(day=day))
        yield store


@pytest.fixture
def run_there(store: Store) -> Run:
    return running(store.database.url.render_as_string(hide_password=False))


def lines(result: Result) -> list[Any]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def refused(result: Result) -> str:
    """Return what is told where a command is refused: one line, and a status of 2."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("persons: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def wrongly_used(result: Result) -> str:
    """Return what is told where a command is used wrongly: its usage, why, and a status of 2."""
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")
    return result.stderr


def test_a_project_is_created_with_a_token(run: Run) -> None:
    created = run("projects", "create", "My shop")

    assert re.fullmatch(r"1  phc_[\w-]{43}  My shop\n", created.stdout)
    assert run("projects", "create", "other").stdout.startswith("2  phc_")
    assert run("projects", "list").stdout.startswith(created.stdout)


def test_projects_are_listed_as_json(run: Run) -> None:
    (created,) = lines(run("projects", "create", "Ünï", "--json"))
    other = run("projects", "create", "other")

    listed, _ = lines(run("projects", "list", "--json"))
    assert listed == created
    assert listed["name"] == "Ünï"
    assert listed["token"] != other.stdout.split()[1]
    assert listed["settings"]["filter_noisy_properties"] is True
    assert listed["created_at"].endswith("Z")


def test_without_projects_nothing_is_listed(run: Run) -> None:
    for command in ("projects", "keys"):
        assert (run(command, "list").exit_code, run(command, "list").stdout) == (0, "")


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ("filter_noisy_properties=off", "filter_noisy_properties", False),
        ("filter_noisy_properties=FALSE", "filter_noisy_properties", False),
        ("filter_noisy_properties=on", "filter_noisy_properties", True),
        ("display_name_properties=nick,email", "display_name_properties", ["nick", "email"]),
        ("display_name_properties=", "display_name_properties", []),
    ],
)
def test_settings_are_changed(
    run: Run, database_url: str, change: str, name: str, value: object
) -> None:
    run("projects", "create", "one")
    before = run("projects", "set", "1", "display_name_properties=old", "--json")

    (told,) = lines(run("projects", "set", "1", change, "--json"))

    assert told["settings"] == lines(before)[0]["settings"] | {name: value}
    database = Database(database_url)
    with database.reading() as connection:
        kept = projects.by_id(connection, 1).settings
    database.close()
    assert isinstance(kept, Settings)
    assert getattr(kept, name) == value


@pytest.mark.parametrize(
    "change",
    ["filter_noisy_properties", "filter_noisy_properties=maybe", "colour=red", "=", "token=phc_x"],
)
def test_a_setting_that_means_nothing_is_refused(run: Run, change: str) -> None:
    run("projects", "create", "one")

    told = wrongly_used(run("projects", "set", "1", change))

    assert repr(change) in told
    assert "settings are" in told
    assert "filter_noisy_properties" in told
    assert wrongly_used(run("projects", "set", "1"))


def test_a_project_that_is_not_there_is_refused(run: Run) -> None:
    for arguments in (
        ("projects", "set", "7", "filter_noisy_properties=on"),
        ("keys", "create", "--project", "7"),
        ("replay", "--project", "7"),
        ("replay", "--project", "0"),
    ):
        assert "there is no project" in refused(run(*arguments))
    huge = str(10**30)
    assert refused(run("replay", "--project", huge)) == f"persons: there is no project {huge}\n"
    assert wrongly_used(run("projects", "set", "one", "filter_noisy_properties=on"))


def test_a_key_is_printed_once(run: Run) -> None:
    run("projects", "create", "one")

    number, secret = run("keys", "create", "--project", "1", "--name", "ci").stdout.split()

    assert number == "1"
    assert re.fullmatch(r"phx_[\w-]{43}", secret)
    assert run("keys", "list").stdout == "1  project 1  ci  *  open\n"
    assert secret not in run("keys", "list", "--json").stdout


def test_a_key_has_the_scopes_that_it_is_given(run: Run) -> None:
    run("projects", "create", "one")
    scopes = ["person:read", "activity_log:read"]
    given = [part for scope in scopes for part in ("--scope", scope)]

    (created,) = lines(run("keys", "create", "--project", "1", "--json", *given))

    (listed,) = lines(run("keys", "list", "--json"))
    assert created == listed | {"key": created["key"]}
    assert listed["scopes"] == scopes
    assert (listed["name"], listed["revoked_at"]) == ("unnamed", None)


def test_a_scope_that_means_nothing_is_refused(run: Run) -> None:
    run("projects", "create", "one")

    told = wrongly_used(run("keys", "create", "--project", "1", "--scope", "person:fly"))

    assert "'person:fly'; scopes are *, person:read" in told
    assert wrongly_used(run("keys", "create"))
    assert run("keys", "list").stdout == ""


def test_a_key_is_revoked_once(run: Run) -> None:
    run("projects", "create", "one")
    run("keys", "create", "--project", "1")

    assert run("keys", "revoke", "1").stdout == "key 1 is revoked\n"

    assert re.search(r"  revoked \d{4}-\d\d-\d\d\n", run("keys", "list").stdout)
    for unknown in ("1", "2"):
        again = run("keys", "revoke", unknown)
        assert again.exit_code == 1
        assert again.stderr == f"Error: there is no key {unknown} that is not revoked\n"
    for impossible in ("x", "0", str(10**30)):
        assert wrongly_used(run("keys", "revoke", impossible))


def test_all_projections_are_rebuilt(run_there: Run, store: Store) -> None:
    with store.database.reading() as connection:
        before = rows(connection)

    rebuilt = run_there("rebuild")

    last = rebuilt.output.splitlines()[-1]
    assert re.fullmatch(r"persons(, \w+)+: built from 15 events in \d+\.\d s", last)
    with store.database.reading() as connection:
        assert rows(connection) == before


def test_those_projections_are_rebuilt_that_are_named(run_there: Run) -> None:
    rebuilt = run_there("rebuild", "births", "activity")

    assert "births, activity: built from 15 events" in rebuilt.output
    assert "'nothing' is not one of" in wrongly_used(run_there("rebuild", "nothing"))


def test_history_is_told_as_it_stands_in_the_log(run_there: Run, store: Store) -> None:
    told = lines(run_there("replay", "--project", "1"))

    assert [each["position"] for each in told] == list(range(1, 12))
    assert [each["type"] for each in told] == [type(each.event).__name__ for each in store.log(1)]
    edited = told[-2]
    assert edited["changes"] == [{"key": "plan", "before": "free", "after": "pro"}]
    assert edited["actor"] == {"kind": "key", "name": "Ada's key"}
    assert edited["person"] == str(ADA)


def test_projects_are_told_one_after_the_other(run_there: Run) -> None:
    assert [each["project"] for each in lines(run_there("replay"))] == [1] * 11 + [2] * 4
    assert [each["project"] for each in lines(run_there("replay", "--project", "2"))] == [2] * 4
    states = lines(run_there("replay", "--state", "--person", "1"))
    assert [(each["project"], each["id"]) for each in states] == [(1, 1), (2, 1)]


@pytest.mark.parametrize("id", ["1", str(ADA), ADA.hex])
def test_history_of_one_person_is_told(run_there: Run, id: str) -> None:
    told = lines(run_there("replay", "--project", "1", "--person", id))

    assert [each["version"] for each in told] == list(range(1, len(told) + 1))
    assert {each["person"] for each in told} == {str(ADA)}


@pytest.mark.parametrize("id", ["2", "3", str(uuid_of("anon")), str(uuid_of("eve"))])
def test_history_of_who_is_gone_is_told(run_there: Run, id: str) -> None:
    told = lines(run_there("replay", "--person", id))

    assert told[0]["type"] == "PersonCreated"
    assert told[-1]["type"] in {"MergedInto", "Deleted"}


@pytest.mark.parametrize("id", ["99", "0", str(uuid_of("nobody")), str(10**30)])
def test_nobody_has_no_history(run_there: Run, id: str) -> None:
    told = run_there("replay", "--person", id)

    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr == f"Error: there is no person {id}\n"


@pytest.mark.parametrize(
    ("arguments", "positions"),
    [
        ("--after 9", [10, 11]),
        ("--after 2 --until 4", [3, 4]),
        ("--until 0", []),
        (f"--until {10**30}", list(range(1, 12))),
        ("--person 2 --after 3", [4, 7]),
        ("--person 1 --until 2", [1, 2]),
    ],
)
def test_history_is_told_between_two_positions(
    run_there: Run, arguments: str, positions: list[int]
) -> None:
    told = lines(run_there("replay", "--project", "1", *arguments.split()))

    assert [each["position"] for each in told] == positions


@pytest.mark.parametrize(
    ("until", "count"),
    [
        ("2024-05-03T23:59:59.999999+00:00", 4),
        ("2024-05-03", 3),
        ("2024-05-02T07:08:09.000010", 3),
        ("2024-05-02T09:08:09.000010+02:00", 3),
        ("2024-05-02T07:08:09.000009Z", 2),
        ("1999-12-31", 0),
        ("9999-12-31T23:59:59Z", 4),
    ],
)
def test_history_is_told_up_to_a_time(run_there: Run, until: str, count: int) -> None:
    assert len(lines(run_there("replay", "--project", "2", "--until", until))) == count


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--until", "yesterday"], "'yesterday' is neither a position nor an ISO 8601 time"),
        (["--until", "0001-01-01T00:00:00+14:00"], "is neither a position nor an ISO 8601 time"),
        (["--until", "-1"], "'-1' is neither a position nor an ISO 8601 time"),
        (["--person", "ada"], "'ada' is neither an integer id nor a uuid"),
        (["--person", "-1"], "'-1' is neither an integer id nor a uuid"),
        (["--after", "x"], "'x' is not a valid integer"),
        (["--after", "-1"], "-1 is not in the range"),
        (["--after", str(10**30)], "is not in the range"),
        (["--project", "x"], "'x' is not a valid integer"),
    ],
)
def test_what_means_no_place_in_history_is_refused(
    run_there: Run, arguments: list[str], reason: str
) -> None:
    told = run_there("replay", *arguments)

    assert reason in wrongly_used(told)
    assert told.stdout == ""


def test_persons_are_told_as_they_are(run_there: Run) -> None:
    (ada,) = lines(run_there("replay", "--project", "1", "--state"))

    assert (ada["project"], ada["id"], ada["uuid"]) == (1, 1, str(ADA))
    assert ada["distinct_ids"] == ["ada", "anon"]
    assert ada["is_identified"] is True
    assert (ada["properties"]["plan"], ada["properties"]["cart"]) == ("pro", 1)
    assert lines(run_there("replay", "--project", "1", "--state", "--person", "1")) == [ada]


def test_persons_are_told_as_they_were(run_there: Run) -> None:
    def states(*arguments: str) -> list[Any]:
        return lines(run_there("replay", "--project", "1", "--state", *arguments))

    then = states("--until", "6")

    assert {name for each in then for name in each["distinct_ids"]} == {"ada", "anon", "eve"}
    assert then == sorted(then, key=lambda each: each["uuid"])
    (ada,) = states("--until", "6", "--person", "1")
    assert (ada["properties"]["plan"], ada["version"]) == ("free", 2)
    assert states("--person", "2") == []
    assert states("--person", "1", "--until", "0") == []


def test_it_is_told_who_differs_between_two_places(run_there: Run) -> None:
    def diff(*arguments: str) -> list[Any]:
        return lines(run_there("replay", "--project", "1", "--diff", *arguments))

    by_kind = {each["kind"]: each for each in diff("6", "11")}

    assert by_kind.keys() == {"changed", "merged", "deleted"}
    ada = by_kind["changed"]
    assert ada["person"] == str(ADA)
    assert ada["changed"] == {"plan": {"before": "free", "after": "pro"}}
    assert ada["distinct_ids"] == {"gained": ["anon"], "lost": []}
    assert diff("6", str(10**30), "--person", "1") == [ada]
    assert diff("2024-01-01", "2024-01-02") == diff("11", "11") == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["11", "6"], "FROM lies behind TO"),
        (["x", "6"], "'x' is neither a position nor an ISO 8601 time"),
        (["6", "11", "--state"], "--diff goes with neither"),
        (["6", "11", "--until", "11"], "--diff goes with neither"),
    ],
)
def test_what_is_no_difference_is_refused(
    run_there: Run, arguments: list[str], reason: str
) -> None:
    assert reason in wrongly_used(run_there("replay", "--project", "1", "--diff", *arguments))


def test_several_processes_tell_the_same(run_there: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run_there("replay").stdout
    monkeypatch.setattr(replaying, "PAGE", 2)
    assert run_there("replay").stdout == told
    monkeypatch.setattr(crew, "LONG", 0)
    assert run_there("replay").stdout == told


@pytest.mark.parametrize("arguments", [(), *((each,) for each in COMMANDS), *SUBCOMMANDS])
def test_every_command_helps(arguments: tuple[str, ...]) -> None:
    for option in ("--help", "-h"):
        helped = CliRunner().invoke(main, [*arguments, option])

        assert helped.exit_code == 0
        assert helped.stdout.startswith("Usage: ")
        assert len(helped.stdout.splitlines()) > 5


def test_help_names_all_commands_and_all_settings() -> None:
    commands = CliRunner().invoke(main, ["--help"]).stdout
    settings = CliRunner().invoke(main, ["serve", "--help"]).stdout

    assert all(f"  {each} " in commands for each in COMMANDS)
    assert all(
        f"  {each} " in settings
        for each in ("DATABASE_URL", "PERSONS_API_KEY", "PERSONS_PROJECT_TOKEN", "PORT")
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u@h/d"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all/persons.db"),
        ("DATABASE_URL", "sqlite:////dev/null/persons.db"),
        ("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/d"),
        ("DATABASE_URL", "postgresql://u@127.0.0.1/d?colour=red"),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("WEB_CONCURRENCY", "0"),
        ("LOG_LEVEL", "loud"),
        ("PG_PREPARE_THRESHOLD", "-1"),
        ("PERSONS_API_KEY", "phx_"),
        ("PERSONS_PROJECT_TOKEN", "token"),
        ("SITE_URL", "example.org"),
    ],
)
@pytest.mark.parametrize("command", [("projects", "list"), ("serve",)])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wrong_setting_is_one_clear_line(
    run: Run, command: tuple[str, ...], name: str, value: str
) -> None:
    told = refused(run(*command, **{name: value}))

    assert name in told or value.replace("secret", "***") in told
    assert "secret" not in told


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_is_no_database_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Ada, this is not a database, and it is long enough.")

    told = refused(run("projects", "list", DATABASE_URL=f"sqlite:///{tmp_path}/letter"))

    assert told.endswith("cannot be opened: file is not a database\n")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_several_workers_need_postgresql(run: Run) -> None:
    assert "needs PostgreSQL" in refused(run("serve", "--workers", "2"))


def persons(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        check=False,
        cwd=Path(__file__).parent.parent,
        env=os.environ | {"DATABASE_URL": url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_runs_as_a_process(database_url: str, run: Run) -> None:
    created = persons(database_url, "projects", "create", "shop", "--json")
    wrong = persons("mysql://u@h/d", "projects", "list")

    assert (created.returncode, created.stderr) == (0, "")
    assert run("projects", "list", "--json").stdout == created.stdout
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("persons: 'mysql://u@h/d' is neither sqlite:///<file>")
