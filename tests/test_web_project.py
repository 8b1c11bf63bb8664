"""The pages of a project, by what stands in them; `tests/test_web_history.py` looks with eyes."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from httpx import Response
from markupsafe import escape

from tests.server import Server
from tests.service import Client

NASTY = """<script>alert(1)</script>'"><img src=x onerror=alert(1)>"""
API = "/api/projects/@current/persons"
Capture = Callable[..., Response]


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.cookies.set("persons_key", Server.key)
    return client


def person(client: Client, distinct_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(API, params={"distinct_id": distinct_id}).json()["results"][
        0
    ]
    return found


def link(text: str, rel: str) -> str:
    return unescape(text.partition(f'rel="{rel}" href="')[2].partition('"')[0])


def test_activity_tells_who_changed_what_from_what(signed_in: Client, capture: Capture) -> None:
    capture("$set", NASTY, {"$set": {NASTY: NASTY, "plan": "free"}})
    nasty = person(signed_in, NASTY)
    edited = {"properties": {"plan": "pro", "name": NASTY}}
    signed_in.patch(f"{API}/{nasty['uuid']}", json=edited)

    by_hand = signed_in.get("/activity").text
    assert by_hand.count("<li id=") == 1
    assert "before: </span>free</del>" in by_hand
    assert "after: </span>pro</ins>" in by_hand
    assert f'href="/persons/{nasty["uuid"]}"' in by_hand
    by_anything = signed_in.get("/activity?source=all&limit=2").text
    assert by_anything.count("<li id=") == 2
    before = signed_in.get(link(by_anything, "next")).text
    assert before.count("<li id=") == 1
    assert "Created" in before
    everything = signed_in.get("/activity?source=all").text
    assert f"after: </span>{escape(NASTY)}</ins>" in everything
    assert NASTY not in everything


def test_activity_is_narrowed_by_what_was_done_and_by_whom(
    signed_in: Client, capture: Capture
) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}})
    signed_in.patch(f"{API}/{person(signed_in, 'ada')['uuid']}", json={"properties": {"a": 1}})

    assert "Created" in signed_in.get("/activity?source=all&activity=created").text
    assert "Nothing like that was done" in signed_in.get("/activity?actor=nobody").text
    assert "1 in all" in signed_in.get("/activity?actor=all").text
    assert signed_in.get("/activity?activity=sung").status_code == 400
    assert signed_in.get("/activity?page=7").status_code == 404
