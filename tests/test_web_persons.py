from html import unescape

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import violations
from tests.server import Server
from tests.service import Client

NASTY = """<script>alert(1)</script>'"><img src=x onerror=alert(1)>"""
PEOPLE: dict[str, dict[str, object]] = {
    "ada": {"email": "ada@example.com", "plan": "pro", "seats": 12},
    "bob": {"email": "bob@example.com", "plan": "free", "seats": 3},
    NASTY: {"name": NASTY, NASTY: NASTY, "plan": {"of": [NASTY]}},
}


def capture(http: httpx.Client, distinct_id: str, properties: dict[str, object]) -> str:
    """Capture a person; return the position of the log that shows it."""
    event = {"event": "$set", "distinct_id": distinct_id, "properties": {"$set": properties}}
    answer = http.post("/capture/", json=event | {"api_key": Server.token})
    assert answer.status_code == 200
    return answer.headers["X-Position"]


def capture_all(http: httpx.Client) -> str:
    """Capture all; return the position after the first of them."""
    return min((capture(http, *person) for person in PEOPLE.items()), key=int)


def rows(page: Page) -> Locator:
    return page.locator("tbody tr")


def test_the_list_is_searched_while_one_types(page: Page, site: Server) -> None:
    expect(page.get_by_text("Nobody is here yet")).to_be_visible()
    assert violations(page) == []
    with httpx.Client(base_url=site.url) as http:
        capture_all(http)
    page.goto("/persons")
    expect(rows(page)).to_have_count(3)

    page.get_by_role("search", name="This list").get_by_role("searchbox").fill("ada@")

    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("ada@example.com")
    assert page.url == f"{site.url}/persons?search=ada%40"
    assert violations(page) == []
    # What stands beside the list goes on from the new search.
    page.get_by_text("Another time").click()
    page.get_by_role("link", name="an hour ago").click()
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    page.get_by_role("link", name="Back to now").click()
    expect(rows(page)).to_have_count(1)


def test_the_list_is_filtered_and_laid_out_and_goes_back_in_time(page: Page, site: Server) -> None:
    with httpx.Client(base_url=site.url) as http:
        position = capture_all(http)
    page.goto("/persons")

    for key, operator, value in (("plan", "is set", ""), ("seats", "is at least", "4")):
        page.get_by_text("Filter", exact=True).click()
        page.get_by_label("Property", exact=True).fill(key)
        page.get_by_label("Condition").select_option(operator)
        page.get_by_label("Value").fill(value)
        page.get_by_role("button", name="Add the filter").click()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("link", name="Remove this filter").last.click()
    expect(rows(page)).to_have_count(3)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label(NASTY).check()
    page.get_by_label("plan").check()
    assert violations(page) == []
    page.get_by_role("button", name="Show them").click()

    expect(rows(page).first).to_contain_text(NASTY)
    expect(rows(page).nth(1)).to_contain_text("free")
    page.get_by_text("Another time").click()
    page.get_by_label("A position of the log").fill(position)
    page.get_by_label("A position of the log").press("Enter")
    expect(rows(page)).to_have_count(1)
    expect(page.locator(".is-past")).to_contain_text(f"As of position {position} of the log")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.path().read_text().count("\n") == 2  # and the header
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390


CUT_OFF = """() => [document.documentElement, ...document.querySelectorAll("[open] .panel")]
    .filter(each => each.scrollWidth > each.clientWidth)
    .map(each => `${each.className} is ${each.scrollWidth} wide`)"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("place", ["", "as_of=0"])
def test_nothing_of_an_open_panel_is_cut_off(
    page: Page, site: Server, width: int, place: str
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    for panel in ("Another time", "Filter", "Columns"):
        page.goto(f"/persons?key=plan&operator=is_not&value=free&{place}")
        page.get_by_text(panel, exact=True).click()
        expect(page.locator("[open] .panel")).to_be_in_viewport(ratio=1)

        assert page.evaluate(CUT_OFF) == []
        assert violations(page) == []


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.cookies.set("persons_key", Server.key)
    return client


def test_the_pages_of_the_list_follow_each_other(signed_in: Client) -> None:
    for number in range(5):
        capture(signed_in, f"person-{number}", {"n": number})

    first = signed_in.get("/persons?limit=2&column=n").text
    assert [f"person-{n}" in first for n in range(5)] == [False, False, False, True, True]
    assert 'rel="prev"' not in first
    second = signed_in.get(_link(first, "next")).text
    assert [f"person-{n}" in second for n in range(5)] == [False, True, True, False, False]
    last = signed_in.get(_link(second, "next")).text
    assert [f"person-{n}" in last for n in range(5)] == [True, False, False, False, False]
    assert 'rel="next"' not in last
    back = signed_in.get(_link(second, "prev")).text
    assert [f"person-{n}" in back for n in range(5)] == [False, False, False, True, True]


def _link(text: str, rel: str) -> str:
    return unescape(text.partition(f'rel="{rel}" href="')[2].partition('"')[0])


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=0", "&gt;= 1"),
        ("offset=x", "valid integer"),
        ("cursor=zz", "Invalid cursor."),
        ("as_of=soon", "neither a position nor"),
        ("as_of=999", "not to 999"),
        ("as_of=2999-01-01", "yet to come"),
        ("key=a&operator=no", "is unknown"),
        ("key=a&operator=regex&value=(", "not one of RE2"),
    ],
)
def test_what_cannot_be_asked_is_told_on_a_page(signed_in: Client, query: str, detail: str) -> None:
    answer = signed_in.get(f"/persons?{query}")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert detail in answer.text
