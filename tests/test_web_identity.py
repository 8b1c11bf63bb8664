from typing import Any

from markupsafe import escape

from api.web.sessions import COOKIE
from tests.doors import new_key
from tests.pages import API, HERE, NASTY, Capture, path_of
from tests.service import Client


def properties(client: Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{API}{path}").json()["properties"]
    return found


def merged(client: Client, capture: Capture) -> tuple[str, str, int]:
    """Merge somebody with a nasty name into ada; return their addresses, and the merge."""
    capture("$identify", "ada", {"$anon_distinct_id": "visitor", "$set": {"plan": "free"}})
    capture("$set", NASTY, {"$set": {"name": NASTY, NASTY: NASTY, "plan": "pro"}})
    ada, other = path_of(client, "ada"), path_of(client, NASTY)
    capture("$merge_dangerously", "ada", {"alias": NASTY})
    capture("$set", NASTY, {"$set": {"plan": "team"}})
    (merge,) = client.get(f"{API}{ada}/merges").json()["results"]
    return ada, other, merge["merge"]


def test_a_merge_is_taken_back_after_a_look_at_what_that_would_do(
    signed_in: Client, capture: Capture
) -> None:
    ada, other, merge = merged(signed_in, capture)

    page = signed_in.get(f"{ada}/identity").text
    assert f'href="{ada}/identity?merge={merge}"' in page
    assert NASTY not in page
    before = properties(signed_in, ada)
    preview = signed_in.get(f"{ada}/identity?merge={merge}").text
    assert "Both have a say" in preview
    assert f"<h3>{escape(NASTY)}</h3>" in preview
    assert NASTY not in preview
    assert properties(signed_in, ada) == before  # nothing has happened yet
    version = preview.partition('name="version" value="')[2].partition('"')[0]
    form = {"merge": merge, "version": version}
    done = signed_in.post(f"{ada}/unmerge", data=form, headers=HERE, follow_redirects=True)
    assert "was taken back" in done.text
    assert properties(signed_in, ada)["plan"] == "free"
    assert properties(signed_in, other)["plan"] == "team"
    # Once is enough.
    again = signed_in.post(f"{ada}/unmerge", data=form, headers=HERE)
    assert again.status_code == 412
    assert signed_in.get(f"{ada}/identity?merge={merge}").status_code == 409


def test_the_tree_shows_what_came_to_a_person_and_what_left_it(
    signed_in: Client, capture: Capture
) -> None:
    ada, other, merge = merged(signed_in, capture)
    signed_in.post(f"{API}{ada}/split", json={"distinct_ids_to_split": ["visitor"]})
    together = signed_in.get(f"{ada}/identity").text
    assert together.count('class="merged"') == 1
    assert "leaf leaving" in together  # the one that was split off
    assert "trunk leaving" not in together

    signed_in.post(f"{API}{ada}/unmerge", json={"merge": merge})

    apart = signed_in.get(f"{ada}/identity").text
    assert "trunk leaving" in apart
    assert f'href="{other}/identity"' in apart
    # The restored one tells of it as well, and so does one that is gone.
    assert "Merge taken back" in signed_in.get(f"{other}/identity").text
    signed_in.delete(f"{API}{other}")
    assert 'class="deleted"' in signed_in.get(f"{other}/identity").text


def test_only_a_key_that_may_write_plans_to_take_back(signed_in: Client, capture: Capture) -> None:
    ada, _, merge = merged(signed_in, capture)
    headers = new_key(signed_in, "person:read")
    signed_in.cookies.set(COOKIE, headers["Authorization"].removeprefix("Bearer "))

    assert signed_in.get(f"{ada}/identity").status_code == 200
    assert signed_in.get(f"{ada}/identity?merge={merge}").status_code == 403
    form = {"merge": merge, "version": 1}
    assert signed_in.post(f"{ada}/unmerge", data=form, headers=HERE).status_code == 403
    assert signed_in.post(f"{ada}/unmerge", data=form).status_code == 403
