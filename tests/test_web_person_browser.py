import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser import violations
from tests.server import Server

NASTY = """<script>alert(1)</script>'"><img src=x onerror=alert(1)>"""
START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def ada(site: Server) -> str:
    """The address of a person's page: it was a visitor, and changed its plan three times."""
    with httpx.Client(base_url=site.url) as http:
        events = [
            ("visitor", "$set", 0, {"$set": {"referrer": "news", NASTY: {NASTY: [NASTY]}}}),
            (NASTY, "$set", 1, {"$set": {"plan": "none"}}),
            ("ada", "$create_alias", 2, {"alias": "visitor"}),
            ("ada", "$create_alias", 2, {"alias": NASTY}),
            ("ada", NASTY, 3, {"$set": {"name": NASTY, "plan": "free", "seats": 3}}),
            ("ada", "$set", 5, {"$set": {"plan": "pro"}}),
            ("ada", "$set", 8, {"$set": {"plan": "team", "bio": "long " * 100}}),
        ]
        for distinct_id, event, day, properties in events:
            at = (START + timedelta(days=day)).isoformat()
            body = {"event": event, "distinct_id": distinct_id, "properties": properties}
            body |= {"timestamp": at, "api_key": Server.token}
            assert http.post("/capture/", json=body).status_code == 200
        answer = http.get(
            "/api/projects/1/persons?distinct_id=ada",
            headers={"Authorization": f"Bearer {Server.key}"},
        )
        return f"/persons/{answer.json()['results'][0]['uuid']}"


def test_properties_are_edited_in_their_place_and_edits_undone(page: Page, ada: str) -> None:
    page.goto(ada)
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="plan"))
    expect(page.get_by_role("heading", name=NASTY)).to_be_visible()
    assert violations(page) == []

    row.get_by_role("link", name="Edit plan").click()
    expect(page.locator("#edited")).to_be_focused()
    page.locator("#edited").fill("enterprise")
    assert violations(page) == []
    page.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("enterprise")
    expect(row).to_contain_text("API key")
    page.get_by_role("button", name="Undo").click()
    expect(row.locator(".cell").first).to_contain_text("team")

    page.get_by_role("button", name=f"Delete {NASTY}").click()
    expect(page.get_by_text("was taken away")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("rowheader", name=NASTY)).to_be_visible()

    page.get_by_text("Add a property").click()
    page.locator("#new-key").fill("limits")
    page.locator("#new-value").fill("[1, ")
    page.get_by_label("JSON: number").check()
    page.get_by_role("button", name="Add it").click()
    expect(page.locator("#notice")).to_contain_text("JSON parse error")
    page.locator("#new-value").fill("[1, 2]")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("rowheader", name="limits")).to_be_visible()

    page.get_by_role("searchbox", name="Search the properties").fill("enter")
    expect(page.get_by_text("No property matches")).to_be_visible()
    page.get_by_role("searchbox", name="Search the properties").fill("long")
    page.locator(".folded summary").first.click()
    expect(page.locator("pre", has_text="long long")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_timeline_is_gone_through_by_pointer_and_by_keys(page: Page, ada: str) -> None:
    page.goto(f"{ada}/timeline?from=2024-01-01&to=2024-01-11")
    moment, slider = page.locator("#moment"), page.get_by_role("slider", name="Moment")
    plan = page.get_by_role("img", name=re.compile("^plan: "))
    expect(plan.locator("rect")).to_have_count(4)
    expect(plan).to_contain_text("team")
    assert violations(page) == []

    box = plan.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.35, box["y"] + 10)
    page.mouse.down()
    expect(moment).to_contain_text("free")
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=5)
    page.mouse.up()
    expect(moment).to_contain_text("pro")
    expect(moment).to_contain_text("7 Jan 2024")
    assert "moment=2024-01-0" in page.url

    expect(slider).to_be_focused()
    slider.press("Home")
    expect(moment).to_contain_text("1 Jan 2024, 00:00:00")
    slider.press("End")
    expect(moment).to_contain_text("team")
    slider.press("ArrowLeft")
    expect(moment).to_contain_text("10 Jan 2024, 23:45")
    moment.get_by_role("link", name="Change before").click()
    expect(moment).to_contain_text("9 Jan 2024, 00:00:00")
    page.keyboard.press("+")
    page.wait_for_url(re.compile("from=2024-01-05"))
    page.keyboard.press("0")
    page.wait_for_url(lambda url: "from=" not in url)

    page.get_by_role("link", name="Table").click()
    expect(page.get_by_role("row", name=re.compile("^plan"))).to_have_count(4)
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("link", name="Picture").click()
    expect(slider).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_person_is_split_deleted_and_brought_back(page: Page, ada: str) -> None:
    page.goto(ada)
    page.get_by_role("link", name="Split").click()
    page.get_by_label(NASTY).check()
    assert violations(page) == []
    page.get_by_role("button", name="See what will happen").click()
    expect(page.get_by_text("will belong to a new person")).to_be_visible()
    assert violations(page) == []
    phrase = page.locator("label code").inner_text()
    page.get_by_label("to confirm").fill(phrase)
    page.get_by_role("button", name="Split this person").click()
    expect(page.locator("header.person .chip")).to_have_count(2)

    page.get_by_role("link", name="Delete", exact=True).click()
    assert violations(page) == []
    page.get_by_label("to confirm").fill("delete")
    page.get_by_role("button", name="Delete this person").click()  # the browser does not send it
    page.get_by_label("to confirm").fill(phrase.replace("split", "delete"))
    page.get_by_role("button", name="Delete this person").click()
    expect(page.get_by_role("heading", name="Deleted")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Edit"))).to_have_count(0)
    assert violations(page) == []
    page.get_by_text("Another time").click()
    page.get_by_label("A position of the log").fill("0")
    page.get_by_label("A position of the log").press("Enter")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    page.get_by_role("link", name="Back to now").first.click()
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_role("link", name="Delete", exact=True)).to_be_visible()
