"""A real browser looks at the pages of history, identity, a project and its audit."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser import violations
from tests.pages import API, NASTY, path_of
from tests.server import Server


@pytest.fixture
def ada(site: Server) -> str:
    """The address of a person who took in another one, all whose texts are nasty."""
    headers = {"Authorization": f"Bearer {site.key}"}
    with httpx.Client(base_url=site.url, headers=headers) as http:
        nasty = {"name": NASTY, NASTY: NASTY, "plan": {NASTY: [NASTY]}}
        capture(http, NASTY, NASTY, {"$set": nasty})
        capture(http, "$identify", "ada", {"$anon_distinct_id": "visitor", "$set": {"plan": "pro"}})
        capture(http, "$identify", "eve", {"$anon_distinct_id": "stranger"})
        capture(http, "$identify", "ada", {"$anon_distinct_id": "eve"})  # a warning
        capture(http, "$merge_dangerously", "ada", {"alias": NASTY})
        capture(http, "$set", NASTY, {"$set": {"plan": "team"}})
        ada, eve = (path_of(http, each) for each in ("ada", "eve"))
        http.patch(f"{API}{ada}", json={"properties": {"owner": NASTY}}).raise_for_status()
        http.delete(f"{API}{eve}?delete_events=true").raise_for_status()
    return ada


def capture(http: httpx.Client, event: str, distinct_id: str, properties: object) -> None:
    body = {"event": event, "distinct_id": distinct_id, "properties": properties}
    http.post("/capture/", json=body | {"api_key": Server.token}).raise_for_status()


PATHS = {
    "/activity?source=all": "Took in another person",
    "/changes": "persons created",
    "/merges": "Take back…",
    "/warnings": "An identified person was not merged away",
    "/deletions": "Bring back",
    "/audit": "Not verified yet",
    "{ada}/history?merged=true": "Took in another person",
    "{ada}/activity": "owner",
    "{ada}/events": "$merge_dangerously",
    "{ada}/diff": "gained",
}


def test_all_pages_show_any_text_and_everybody_can_use_them(page: Page, ada: str) -> None:
    for path, text in PATHS.items():
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(path.format(ada=ada))
        expect(page.get_by_text(text).first).to_be_attached()
        for each in page.locator("details.raw").all()[:2]:
            each.locator("summary").click()
        assert violations(page) == [], path
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path


def test_a_merge_is_looked_at_taken_back_and_compared(page: Page, ada: str) -> None:
    page.goto("/merges")
    page.get_by_role("link", name="Take back…").click()
    expect(page.locator(".preview article").last).to_contain_text(NASTY)
    expect(page.locator(".conflicts")).to_contain_text("plan")
    assert violations(page) == []
    page.get_by_role("button", name="Take the merge back").click()

    expect(page.get_by_role("status").first).to_contain_text("was taken back")
    expect(page.locator(".tree path.leaving")).to_have_count(1)
    assert violations(page) == []
    page.locator(".tree circle.unmerged").click()
    expect(page.locator(".feed > li:target")).to_contain_text("Merge taken back")
    # What that changed is told by two times; the address is one that can be passed on.
    position = page.url.rpartition("#at-")[2]
    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_url(re.compile("/diff"))
    page.goto(f"{ada}/diff?from={int(position) - 1}&to={position}")
    expect(page.locator(".difference")).to_contain_text(f"lost: \N{MINUS SIGN} {NASTY}")
    page.get_by_role("button", name="Copy a link to this").click()
    expect(page.locator("#notice")).to_have_text("Copied.")
    page.get_by_label("From", exact=True).fill("0")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".difference")).to_contain_text("gained: + visitor")
