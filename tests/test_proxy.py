"""The service behind a proxy: it believes only those proxies that the settings name."""

from collections.abc import Callable

import httpx
import pytest

from tests.server import Server

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("environment", "begins"),
    [
        ({}, "https://persons.example/api/"),
        ({"FORWARDED_ALLOW_IPS": "192.0.2.7"}, "http://persons.example/api/"),
        ({"FORWARDED_ALLOW_IPS": "*"}, "https://persons.example/api/"),
        ({"SITE_URL": "https://site.example/store"}, "https://site.example/store/api/"),
    ],
)
def test_links_lead_through_the_proxy(
    database_url: str, serve: Callable[..., Server], environment: dict[str, str], begins: str
) -> None:
    server = serve(database_url, **environment)
    batch = [{"event": "visit", "distinct_id": each} for each in ("ada", "bob")]
    httpx.post(f"{server.url}/batch/", json={"api_key": server.token, "batch": batch})
    headers = {"Host": "persons.example", "Authorization": f"Bearer {server.key}"}
    answer = httpx.get(f"{server.url}/api/projects/1/persons?limit=1", headers=headers | FORWARDED)

    assert answer.json()["next"].startswith(begins)
