from markupsafe import escape

from tests.pages import API, NASTY, Capture, link, path_of
from tests.service import Client


def test_activity_tells_who_changed_what_from_what(signed_in: Client, capture: Capture) -> None:
    capture("$set", NASTY, {"$set": {NASTY: NASTY, "plan": "free"}})
    path = path_of(signed_in, NASTY)
    edited = {"properties": {"plan": "pro", "name": NASTY}}
    signed_in.patch(f"{API}{path}", json=edited)

    by_hand = signed_in.get("/activity").text
    assert by_hand.count("<li id=") == 1
    assert "before: </span>free</del>" in by_hand
    assert "after: </span>pro</ins>" in by_hand
    assert f'href="{path}"' in by_hand
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
    signed_in.patch(f"{API}{path_of(signed_in, 'ada')}", json={"properties": {"a": 1}})

    assert "Created" in signed_in.get("/activity?source=all&activity=created").text
    assert "Nothing like that was done" in signed_in.get("/activity?actor=nobody").text
    assert "1 in all" in signed_in.get("/activity?actor=all").text
    assert signed_in.get("/activity?activity=sung").status_code == 400
    assert signed_in.get("/activity?page=7").status_code == 404


def test_merges_are_told_newest_first_and_which_were_taken_back(
    signed_in: Client, capture: Capture
) -> None:
    assert "Nobody has been merged" in signed_in.get("/merges").text
    for name in ("ada", "bob", NASTY):
        capture("$set", name, {"$set": {"email": f"{name}@example.com"}})
    bob = path_of(signed_in, "bob")
    for name in ("bob", NASTY):
        capture("$merge_dangerously", "ada", {"alias": name})
    ada = path_of(signed_in, "ada")

    newest = signed_in.get("/merges?limit=1").text
    assert f"{escape(NASTY)}@example.com</a>" in newest
    assert NASTY not in newest
    assert "bob@example.com" not in newest
    older = signed_in.get(link(newest, "next")).text
    assert f'href="{bob}" title="{bob.rpartition("/")[2]}">bob@example.com</a>' in older
    (merge, _) = signed_in.get(f"{API}{ada}/merges").json()["results"]
    assert f'href="{ada}/identity?merge={merge["merge"]}"' in older
    signed_in.post(f"{API}{ada}/unmerge", json={"merge": merge["merge"]})
    assert signed_in.get("/merges").text.count("taken back</span>") == 1


def test_warnings_stand_by_their_kinds(signed_in: Client, capture: Capture) -> None:
    assert "No warnings" in signed_in.get("/warnings").text
    for name in ("ada", NASTY):
        capture("$identify", name, {"$anon_distinct_id": f"visitor of {name}"})
    capture("$identify", "ada", {"$anon_distinct_id": NASTY})

    text = signed_in.get("/warnings").text

    assert "An identified person was not merged away" in text
    assert f"<dt>sourcePersonDistinctId</dt><dd>{escape(NASTY)}</dd>" in text
    assert NASTY not in text


def test_changes_tell_who_came_and_who_is_otherwise(signed_in: Client, capture: Capture) -> None:
    assert "Nobody changed" in signed_in.get("/changes").text
    for name in ("ada", "bob", NASTY):
        capture("$set", name, {"$set": {"plan": "free"}})
    then = capture("$set", "bob", {"$set": {"n": 1}}).headers["X-Position"]
    capture("$set", "ada", {"$set": {"plan": NASTY}})

    everybody = signed_in.get("/changes").text
    assert '<dt>persons created</dt><dd class="figure">3</dd>' in everybody
    assert NASTY not in everybody
    later = signed_in.get(f"/changes?from={then}").text
    assert '<dt>persons changed</dt><dd class="figure">1</dd>' in later
    assert "free</del><span" in later
    assert "bob" not in later
    first = signed_in.get("/changes?from=0&limit=2").text
    second = signed_in.get(link(first, "next")).text
    assert [text.count('class="is-created"') for text in (first, second)] == [2, 1]
    assert signed_in.get("/changes?from=9&to=3").status_code == 400
