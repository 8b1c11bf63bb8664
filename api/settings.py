"""The service's settings: read once from the environment, refused at once where they are wrong."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct


class SettingsError(Exception):
    """A setting is wrong; the text is one line that names it."""


class Settings(Struct, frozen=True, kw_only=True, rename="upper"):
    """What the environment says. A secret that is None is made at the first start."""

    database_url: str = "sqlite:///persons.db"
    read_database_url: str | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8000
    web_concurrency: Annotated[int, Meta(ge=1, le=64)] = 1
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    site_url: Annotated[str, Meta(pattern="^https?://[^/]")] | None = None
    pg_prepare_threshold: Literal["none"] | Annotated[int, Meta(ge=0)] = 5
    persons_api_key: Annotated[str, Meta(pattern="^phx_[!-~]+$")] | None = None
    persons_project_token: Annotated[str, Meta(pattern="^phc_[!-~]{1,60}$")] | None = None
    persons_audit_key: Annotated[str, Meta(pattern="^[A-Za-z0-9+/]{43}=$")] | None = None
    persons_verify_hours: Annotated[float, Meta(ge=0)] = 0
    persons_retention_days: Annotated[float, Meta(ge=0, le=36_500)] = 30
    persons_max_requests: Annotated[int, Meta(ge=0)] = 1000
    persons_max_body_mib: Annotated[int, Meta(ge=0)] = 128
    persons_query_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 30
    persons_rate_limit: str | None = None
    persons_drain_seconds: Annotated[float, Meta(ge=0, le=3_600)] = 0
    forwarded_allow_ips: str = "127.0.0.1"


MEANINGS = {
    "DATABASE_URL": "sqlite:///<file>, or postgresql://<user>@<host>/<database>",
    "READ_DATABASE_URL": "a streaming replica of that PostgreSQL, which answers queries",
    "HOST": "the address to listen on",
    "PORT": "the port to listen on; 0 for any that is free",
    "WEB_CONCURRENCY": "worker processes; on SQLite there is always one",
    "LOG_LEVEL": "debug, info, warning or error",
    "SITE_URL": "how clients reach the service, for links, where a proxy stands before it",
    "FORWARDED_ALLOW_IPS": "proxies whose X-Forwarded-* headers count; * for any",
    "PG_PREPARE_THRESHOLD": "after how many runs a statement is prepared; none for old PgBouncers",
    "PERSONS_API_KEY": "a phx_… key with all scopes that is to exist for project 1",
    "PERSONS_PROJECT_TOKEN": "the phc_… token that project 1 is to have",
    "PERSONS_AUDIT_KEY": "32 random bytes in base64 that sign checkpoints; else the database's own",
    "PERSONS_RETENTION_DAYS": "how long a deleted person can be brought back, until it is erased",
    "PERSONS_VERIFY_HOURS": "verify all every so many hours, in the background; 0 for never",
    "PERSONS_MAX_REQUESTS": "requests that a worker answers at once, else 503; 0 for any number",
    "PERSONS_MAX_BODY_MIB": "MiB that their bodies may have together, else 503; 0 for any size",
    "PERSONS_QUERY_SECONDS": "how long what is read may take, else 504; 0 for as long as it takes",
    "PERSONS_RATE_LIMIT": "what a key may ask of a worker, as 480/minute;4800/hour, else 429",
    "PERSONS_DRAIN_SECONDS": "how long a service asked to stop still answers, but is not ready",
}
"""What each setting means, for `persons serve --help`."""


def read(environment: Mapping[str, str]) -> Settings:
    """Return the settings that an environment gives; an empty value counts as none.

    Raises:
        SettingsError: a value is not what the setting takes.
    """
    given = {name: environment[name] for name in MEANINGS if environment.get(name)}
    for name, value in given.items():
        try:
            msgspec.convert({name: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            reason = str(error).split(" - at ")[0]
            raise SettingsError(f"{name}: {reason} (it is {MEANINGS[name]})") from None
    settings = msgspec.convert(given, Settings, strict=False)
    if settings.persons_rate_limit:
        _check_rate_limit(settings.persons_rate_limit)
    return settings


def _check_rate_limit(text: str) -> None:
    # Imported here: it takes a while, and most have no limit.
    from limits import parse_many  # noqa: PLC0415

    try:
        parse_many(text)
    except ValueError:
        name = "PERSONS_RATE_LIMIT"
        raise SettingsError(f"{name}: {text!r} is no rate (it is {MEANINGS[name]})") from None


def audit_key(settings: Settings) -> bytes | None:
    """Return the secret key that signs checkpoints; None where the settings name none."""
    text = settings.persons_audit_key
    return None if text is None else b64decode(text)
