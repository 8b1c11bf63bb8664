"""What tests of the pages share."""

from collections.abc import Callable
from html import unescape

import httpx

API = "/api/projects/@current"

NASTY = """<script>alert(1)</script>'"><img src=x onerror=alert(1)>"""
HERE = {"Origin": "http://persons"}
"""The headers of a form that a page of ours sends."""

Capture = Callable[..., httpx.Response]
"""What the fixture `capture` is."""


def path_of(client: httpx.Client, distinct_id: str) -> str:
    """Return the address of a person's page."""
    found = client.get(f"{API}/persons", params={"distinct_id": distinct_id}).json()
    (person,) = found["results"]
    return f"/persons/{person['uuid']}"


def link(text: str, rel: str) -> str:
    """Return where the link to another page of a list leads."""
    return unescape(text.partition(f'rel="{rel}" href="')[2].partition('"')[0])
