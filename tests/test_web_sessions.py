from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Browser, expect

from storage import projects
from tests.browser import violations, watched
from tests.server import Server
from tests.service import Client

HERE = {"Origin": "http://persons"}


def sign_in(client: Client, key: str = Server.key, next: str = "") -> httpx.Response:
    return client.post("/sign-in", data={"key": key, "next": next}, headers=HERE)


def test_who_has_a_key_gets_in_and_out_again(chromium: Browser, site: Server) -> None:
    with watched(chromium, site) as page:
        page.goto("/persons?search=mia")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.get_by_label("API key").fill("phx_no")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("This key opens nothing")).to_be_visible()
        assert violations(page) == []
        page.get_by_label("API key").fill(Server.key)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{site.url}/persons?search=mia")
        assert page.evaluate("document.cookie") == ""
        # Whoever has signed in is not asked again, even if a link on another site led here.
        page.goto("/sign-in?next=/persons?search=ann")
        page.wait_for_url(f"{site.url}/persons?search=ann")
        page.goto("/nothing")
        expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
        page.goto("/")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.goto("/persons")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_cookie_is_for_this_site_alone_and_pages_are_kept_nowhere(client: Client) -> None:
    answer = sign_in(client)

    assert answer.status_code == 303
    assert {"HttpOnly", "SameSite=strict", "Path=/"} < set(answer.headers["set-cookie"].split("; "))
    page = client.get("/persons")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    # The cookie opens pages, never the API: nobody can be made to send it there.
    del client.headers["Authorization"]
    assert client.get("/api/projects/@current/persons").status_code == 401


def test_over_https_the_cookie_never_travels_openly(client: Client) -> None:
    client.base_url = httpx.URL("https://persons")

    answer = client.post(
        "/sign-in", data={"key": Server.key}, headers={"Origin": "https://persons"}
    )

    assert "Secure" in answer.headers["set-cookie"].split("; ")


@pytest.mark.parametrize(
    ("next", "location"),
    [
        ("/persons?search=a%20b", "/persons?search=a%20b"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("/\t/elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_nowhere_else(client: Client, next: str, location: str) -> None:
    assert sign_in(client, next=next).headers["location"] == location


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        HERE | {"Sec-Fetch-Site": "cross-site"},
        HERE | {"Sec-Fetch-Site": "same-site"},
        HERE | {"Sec-Fetch-Site": "none"},
    ],
)
def test_what_another_site_sends_is_not_done(client: Client, headers: dict[str, str]) -> None:
    assert sign_in(client).status_code == 303

    for path in ("/sign-in", "/sign-out"):
        answer = client.post(path, data={"key": Server.key}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_a_revoked_key_ends_its_sessions_at_once(client: Client) -> None:
    secret = _new_key(client, ("person:read",))
    sign_in(client, secret)
    assert client.get("/persons").status_code == 200
    with client.store.database.writing() as connection:
        newest = max(key.id for key in projects.keys(connection))
        projects.revoke_key(connection, newest, at=datetime.now(UTC))

    answer = client.get("/persons?search=a")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/sign-in?next=%2Fpersons%3Fsearch%3Da",
    )
    # A part of a page that is asked for by htmx makes the whole page go.
    part = client.get("/persons", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/sign-in?next=%2Fpersons")


def test_a_key_without_the_scope_is_told_so(client: Client) -> None:
    sign_in(client, _new_key(client, ("activity_log:read",)))

    answer = client.get("/persons")

    assert answer.status_code == 403
    assert "API key missing required scope &#39;person:read&#39;" in answer.text


def test_static_files_may_be_kept_for_ever_and_nothing_else_is_given(client: Client) -> None:
    text = client.get("/sign-in").text
    style = text.partition('rel="stylesheet" href="')[2].partition('"')[0]

    found = client.get(style)
    assert found.headers["content-type"] == "text/css; charset=utf-8"
    assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
    folder = style.rpartition("/")[0]
    assert client.get(f"{folder}/VENDORED.md").status_code == 404
    assert client.get(f"{folder}/..%2fpages.py").status_code == 404
    assert client.get("/static/old/pages.css").headers["cache-control"] == "no-cache"


def _new_key(client: Client, scopes: tuple[str, ...]) -> str:
    secret = projects.new_secret()
    with client.store.database.writing() as connection:
        projects.create_key(
            connection, 1, secret=secret, name="new", scopes=scopes, at=datetime.now(UTC)
        )
    return secret
