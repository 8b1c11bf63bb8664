from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from api.purge.erasing import Tools
from api.purge.purging import Purge
from domain.events import Actor
from storage.checkpoints import Notary
from tests.server import Server
from tests.service import Client

NASTY = """<script>alert(1)</script>'"><img src=x onerror=alert(1)>"""
HERE = {"Origin": "http://persons"}
Capture = Callable[..., httpx.Response]


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.cookies.set("persons_key", Server.key)
    return client


def person_of(client: Client, distinct_id: str) -> str:
    """Return the address of a person's page."""
    found = client.get("/api/projects/1/persons", params={"distinct_id": distinct_id}).json()
    (person,) = found["results"]
    return f"/persons/{person['uuid']}"


def sent(client: Client, path: str, **form: str) -> httpx.Response:
    """Send a form, and return the page that it leads to."""
    return client.post(path, data=form, headers=HERE, follow_redirects=True)


def properties(client: Client, path: str) -> dict[str, Any]:
    person = client.get(f"/api/projects/1{path}").json()
    found: dict[str, Any] = person["properties"]
    return found


def test_a_page_says_who_a_person_is_and_who_set_what(signed_in: Client, capture: Capture) -> None:
    capture("$identify", "ada", {"$anon_distinct_id": "visitor", "$set": {"plan": "free"}})
    then = capture("upgraded", "ada", {"$set": {"plan": "pro", NASTY: {NASTY: [NASTY]}}})
    capture("$set", "ada", {"$set": {"plan": "team"}})
    path = person_of(signed_in, "ada")

    text = signed_in.get(path).text
    assert "Identified" in text
    assert [text.count(f'title="{each}">{each}</span>') for each in ("ada", "visitor")] == [1, 1]
    assert "team</span>" in text
    assert "pro</span>" in text  # what it was before
    assert "<script>alert" not in text
    assert "<img" not in text
    assert signed_in.get(f"{path}/").status_code == 200

    past = signed_in.get(f"{path}?as_of={then.headers['X-Position']}").text
    assert "event <b" in past
    assert "upgraded</b>" in past
    assert "team" not in past
    assert 'action="' + path + "/set" not in past  # the past is not edited
    assert signed_in.get(f"{path}?as_of=0").status_code == 404


def test_properties_are_searched_sorted_and_come_in_pages(
    signed_in: Client, capture: Capture
) -> None:
    capture("$set", "ada", {"$set": {f"key {n:03}": f"value {n}" for n in range(60)}})
    capture("$set", "ada", {"$set": {"key 059": "Needle"}})
    path = person_of(signed_in, "ada")

    first = signed_in.get(path).text
    assert ("key 049" in first, "key 050" in first) == (True, False)
    following = unescape(first.partition('rel="next" href="')[2].partition('"')[0])
    assert "key 050" in signed_in.get(following).text
    assert signed_in.get(f"{path}?sort=changed").text.partition("<tbody>")[2].find("key 059") > 0
    found = signed_in.get(f"{path}?q=needle").text
    assert ("key 059" in found, "key 058" in found) == (True, False)
    assert "No property matches" in signed_in.get(f"{path}?q=nothing").text


def test_an_edit_is_undone_by_what_the_page_offers(signed_in: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}})
    path = person_of(signed_in, "ada")

    page = sent(signed_in, f"{path}/set", key="plan", value='["pro"]', kind="json", was='"free"')
    assert properties(signed_in, path)["plan"] == ["pro"]
    assert "changed=" in str(page.url)
    assert sent(signed_in, **undo(page.text)).status_code == 200
    assert properties(signed_in, path)["plan"] == "free"

    page = sent(signed_in, f"{path}/unset", key="plan", was='"free"')
    assert "plan" not in properties(signed_in, path)
    assert sent(signed_in, **undo(page.text)).status_code == 200
    assert properties(signed_in, path)["plan"] == "free"

    page = sent(signed_in, f"{path}/set", key="seats", value="5")
    assert properties(signed_in, path)["seats"] == "5"
    assert sent(signed_in, **undo(page.text)).status_code == 200
    assert "seats" not in properties(signed_in, path)


def undo(text: str) -> dict[str, str]:
    """Return the form that takes an edit back."""
    form = text.partition('class="changed"')[2].partition("</form>")[0]
    path = form.partition('action="')[2].partition('"')[0]
    fields = [each.partition('"') for each in form.split('<input type="hidden" name="')[1:]]
    values = {name: unescape(rest.split('"')[1]) for name, _, rest in fields}
    return {"path": path, **values}


@pytest.mark.parametrize(
    ("form", "status", "detail"),
    [
        ({"key": "plan", "value": "pro", "was": '"paid"'}, 412, "has become free meanwhile"),
        ({"key": "plan", "value": "pro"}, 412, "There is a property"),
        ({"key": "gone", "value": "pro", "was": "1"}, 412, "is gone meanwhile"),
        ({"key": "plan", "value": "{", "kind": "json", "was": '"free"'}, 400, "JSON parse error"),
        ({"value": "pro"}, 400, "This field is required."),
    ],
)
def test_an_edit_overwrites_nothing_that_came_meanwhile(
    signed_in: Client, capture: Capture, form: dict[str, str], status: int, detail: str
) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}})
    path = person_of(signed_in, "ada")

    answer = sent(signed_in, f"{path}/set", **form)

    assert (answer.status_code, detail in answer.text) == (status, True)
    assert properties(signed_in, path)["plan"] == "free"


def test_what_is_not_a_person_is_a_page_that_says_so(signed_in: Client) -> None:
    assert signed_in.get("/persons/17").status_code == 404
    assert signed_in.get("/persons/nobody").status_code == 400


def test_deleting_is_confirmed_by_typing_and_can_be_taken_back(
    signed_in: Client, capture: Capture
) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}})
    path = person_of(signed_in, "ada")
    number = signed_in.get(f"/api/projects/1{path}").json()["id"]

    page = signed_in.get(f"{path}/delete").text
    assert f"<code>delete {number}</code>" in page
    assert "the 1 that there is" in page
    assert sent(signed_in, f"{path}/delete", confirm="delete").status_code == 400
    assert signed_in.get(f"/api/projects/1{path}").status_code == 200

    gone = sent(signed_in, f"{path}/delete", confirm=f"delete {number}", events="true")
    assert gone.status_code == 200
    assert "and its captured events are deleted" in gone.text
    assert "free</span>" in gone.text  # what it was is still there to see
    assert f'action="{path}/set"' not in gone.text
    assert signed_in.get(f"{path}/timeline").status_code == 200
    assert signed_in.get(f"{path}/delete").status_code == 404
    waiting = signed_in.get("/api/projects/1/persons/erasures").json()["results"]
    assert [each["deletes_events"] for each in waiting] == [True]

    assert sent(signed_in, f"{path}/undelete").status_code == 200
    assert properties(signed_in, path)["plan"] == "free"
    assert sent(signed_in, f"{path}/undelete").status_code == 409


def test_splitting_does_what_its_page_said(signed_in: Client, capture: Capture) -> None:
    for visitor in ("visitor", NASTY):
        capture("$create_alias", "ada", {"alias": visitor})
    path = person_of(signed_in, "ada")
    number = signed_in.get(f"/api/projects/1{path}").json()["id"]

    page = signed_in.get(f"{path}/split", params={"leave": [NASTY, "visitor"]}).text
    assert "<script>alert" not in page
    told = [each.partition("</code>")[0] for each in page.split("a new person, <code>")[1:]]
    form = {"leave": [NASTY, "visitor"], "confirm": f"split {number}"}
    answer = signed_in.post(f"{path}/split", data=form, headers=HERE)

    assert answer.status_code == 303
    assert [f"/persons/{each}" for each in told] == [
        person_of(signed_in, each) for each in (NASTY, "visitor")
    ]


@pytest.mark.parametrize("leave", [["ada", "visitor"], ["stranger"]])
def test_a_split_that_cannot_be_is_not_shown(
    signed_in: Client, capture: Capture, leave: list[str]
) -> None:
    capture("$create_alias", "ada", {"alias": "visitor"})
    path = person_of(signed_in, "ada")

    assert signed_in.get(f"{path}/split", params={"leave": leave}).status_code == 400


def test_who_was_merged_away_has_a_page_that_says_so(signed_in: Client, capture: Capture) -> None:
    capture("$set", "visitor", {"$set": {"referrer": "news"}})
    capture("$set", "ada", {"$set": {"plan": "free"}})
    merged, path = person_of(signed_in, "visitor"), person_of(signed_in, "ada")
    capture("$create_alias", "ada", {"alias": "visitor"})

    text = signed_in.get(merged).text
    assert "Merged into another person" in text
    assert f'href="{path}"' in text
    assert "news</span>" in text


def test_who_was_erased_has_a_page_without_anything_of_it(
    signed_in: Client, capture: Capture
) -> None:
    capture("$set", "ada", {"$set": {"plan": "secret"}})
    path = person_of(signed_in, "ada")
    assert signed_in.delete(f"/api/projects/1{path}?erase=now").status_code == 204
    store = signed_in.store
    notary = Notary(store.database)
    tools = Tools(store.database, store.writer.submit, notary, store.clock)
    Purge(tools, actor=Actor("system", "purge"), progress=lambda *_: None).all(timedelta())

    for tab in ("", "/timeline"):
        answer = signed_in.get(f"{path}{tab}")
        assert answer.status_code == 200
        assert "was erased" in answer.text
        assert "secret" not in answer.text
