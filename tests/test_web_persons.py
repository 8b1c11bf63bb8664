import httpx
from playwright.sync_api import Page, expect

from tests.browser import violations
from tests.server import Server

NASTY = """<script>alert(1)</script>'"><img src=x onerror=alert(1)>"""
PEOPLE: dict[str, dict[str, object]] = {
    "ada": {"name": "Ada Lovelace", "email": "ada@example.com", "plan": "pro"},
    "bob": {"name": "Bob", "email": "bob@example.com", "plan": "free", "seats": 3},
    NASTY: {"name": NASTY, NASTY: NASTY, "plan": {"of": [NASTY]}},
}


def capture(site: Server, distinct_id: str, properties: dict[str, object]) -> None:
    event = {"event": "$set", "distinct_id": distinct_id, "properties": {"$set": properties}}
    answer = httpx.post(f"{site.url}/capture/", json=event | {"api_key": site.token})
    assert answer.status_code == 200


def test_the_list_finds_filters_and_goes_back_in_time(page: Page, site: Server) -> None:
    expect(page.get_by_text("Nobody is here yet")).to_be_visible()
    assert violations(page) == []
    for distinct_id, properties in PEOPLE.items():
        capture(site, distinct_id, properties)

    page.goto("/persons")
    expect(page.locator("tbody tr")).to_have_count(3)

    page.get_by_role("search", name="This list").get_by_role("searchbox").fill("ada@")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody th")).to_contain_text("ada@example.com")
    assert page.url.endswith("/persons?search=ada%40")
    assert violations(page) == []
