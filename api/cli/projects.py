"""`persons projects` and `persons keys`: who may write and read what."""

from datetime import UTC, datetime

import click
import msgspec

from api.cli.opening import prepared_database
from domain.settings import Settings
from storage import projects as store
from storage.projects import Key, Project

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")


@click.group()
def projects() -> None:
    """Create projects, list them, change their settings."""


@projects.command("create")
@click.argument("name")
@as_json
def create_project(name: str, as_json: bool) -> None:
    """Create a project and print its id and its token, which SDKs write with."""
    if not name.strip():
        raise click.BadParameter("it is empty", param_hint="NAME")
    with prepared_database() as database, database.writing() as connection:
        project = store.create(connection, name, at=datetime.now(UTC))
    _print_project(project, as_json=as_json)


@projects.command("list")
@as_json
def list_projects(as_json: bool) -> None:
    """Print all projects: id, token, name."""
    with prepared_database() as database, database.reading() as connection:
        for project in store.every(connection):
            _print_project(project, as_json=as_json)


@projects.command("set")
@click.argument("project_id", type=int, metavar="ID")
@click.argument("changes", nargs=-1, required=True, metavar="NAME=VALUE…")
@as_json
def set_project(project_id: int, changes: tuple[str, ...], as_json: bool) -> None:
    """Change settings of a project; the next request follows them.

    \b
    filter_noisy_properties=on|off    new values of $browser, $current_url, … alone change nothing
    ordering=arrival|event_time       which of two captured events decides a value: the one that
                                      arrives last, or the one that occurred last
    display_name_properties=KEY,KEY   what names a person, the first that has a value; empty for
                                      email, name, username
    """
    given = dict(_setting(change) for change in changes)
    with prepared_database() as database, database.writing() as connection:
        project = store.by_id(connection, project_id)
        settings = msgspec.structs.replace(project.settings, **given)
        store.set_settings(connection, project_id, settings)
    _print_project(msgspec.structs.replace(project, settings=settings), as_json=as_json)


def _setting(change: str) -> tuple[str, object]:
    name, has_value, text = change.partition("=")
    match name, text.lower():
        case "filter_noisy_properties", "on" | "true":
            return name, True
        case "filter_noisy_properties", "off" | "false":
            return name, False
        case "ordering", "arrival" | "event_time" as ordering:
            return name, ordering
        case "display_name_properties", _ if has_value:
            return name, [key for key in text.split(",") if key]
    raise click.BadParameter(
        f"{change!r}; settings are {', '.join(Settings.__struct_fields__)}, each as NAME=VALUE"
    )


@click.group()
def keys() -> None:
    """Create API keys, list them, revoke them."""


@keys.command("create")
@click.option("--project", "project_id", type=int, required=True, help="The project it opens.")
@click.option("--name", default="unnamed", show_default=True, help="What history calls it.")
@click.option("--scope", "scopes", multiple=True, help="Such as person:read; all if not given.")
@as_json
def create_key(project_id: int, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Create an API key and print it, once: only its hash is kept."""
    _check_scopes(scopes)
    secret = store.new_secret()
    with prepared_database() as database, database.writing() as connection:
        key = store.create_key(
            connection,
            project_id,
            secret=secret,
            name=name,
            scopes=scopes or store.ALL_SCOPES,
            at=datetime.now(UTC),
        )
    if as_json:
        _print_json(msgspec.to_builtins(key) | {"key": secret})
    else:
        click.echo(f"{key.id}  {secret}")


def _check_scopes(scopes: tuple[str, ...]) -> None:
    for scope in scopes:
        if scope not in store.SCOPES:
            raise click.BadParameter(f"{scope!r}; scopes are {', '.join(store.SCOPES)}")


@keys.command("list")
@as_json
def list_keys(as_json: bool) -> None:
    """Print all keys: id, project, name, scopes, and whether they were revoked."""
    with prepared_database() as database, database.reading() as connection:
        for key in store.keys(connection):
            _print_key(key, as_json=as_json)


@keys.command("revoke")
@click.argument("key_id", type=click.IntRange(1, store.MAX_ID), metavar="ID")
def revoke_key(key_id: int) -> None:
    """Let a key open nothing any more, from now on."""
    with prepared_database() as database, database.writing() as connection:
        was_revoked = store.revoke_key(connection, key_id, at=datetime.now(UTC))
    if not was_revoked:
        raise click.ClickException(f"there is no key {key_id} that is not revoked")
    click.echo(f"key {key_id} is revoked")


def _print_project(project: Project, *, as_json: bool) -> None:
    if as_json:
        _print_json(msgspec.to_builtins(project))
    else:
        click.echo(f"{project.id}  {project.token}  {project.name}")


def _print_key(key: Key, *, as_json: bool) -> None:
    if as_json:
        _print_json(msgspec.to_builtins(key))
    else:
        state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "open"
        click.echo(
            f"{key.id}  project {key.project_id}  {key.name}  {' '.join(key.scopes)}  {state}"
        )


def _print_json(value: object) -> None:
    click.echo(msgspec.json.encode(value).decode())
