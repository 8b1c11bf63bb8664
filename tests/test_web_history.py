from markupsafe import escape

from tests.pages import API, NASTY, Capture, link, path_of
from tests.service import Client


def test_a_history_goes_on_from_page_to_page_and_takes_in_those_who_were_merged(
    signed_in: Client, capture: Capture
) -> None:
    capture("$set", NASTY, {"$set": {NASTY: NASTY}})
    for plan in ("free", "pro"):
        capture("$set", "ada", {"$set": {"plan": plan}})
    capture("$merge_dangerously", "ada", {"alias": NASTY})
    path = path_of(signed_in, "ada")

    first = signed_in.get(f"{path}/history?limit=2").text
    second = signed_in.get(link(first, "next")).text
    assert "before: </span>free</del>" in second
    assert "after: </span>pro</ins>" in second
    whole = signed_in.get(f"{path}/history").text
    assert "Took in another person" in whole
    assert f"<dt>{escape(NASTY)}</dt>" in whole
    assert NASTY not in whole
    woven = signed_in.get(f"{path}/history?merged=true").text
    assert woven.count("<li id=") == whole.count("<li id=") + 2
    assert "This is where the history" in signed_in.get(f"{path}/history?after=99").text
    # Who is gone still has a history.
    signed_in.delete(f"{API}{path}")
    assert "Deleted</strong>" in signed_in.get(f"{path}/history").text
    assert signed_in.get(f"{path}/activity?source=all").text.count("<li id=") == 6


def test_events_are_counted_by_name_and_chosen_by_it(signed_in: Client, capture: Capture) -> None:
    for event in ("page", "page", NASTY):
        capture(event, "ada", {NASTY: NASTY})
    capture("$merge_dangerously", "ada", {"alias": "bob"})
    path = path_of(signed_in, "ada")

    text = signed_in.get(f"{path}/events").text
    assert "All <b>4</b>" in text
    assert "page <b>2</b>" in text
    assert f"{escape(NASTY)} <b>1</b>" in text
    assert NASTY not in text
    chosen = signed_in.get(f"{path}/events", params={"event": "page", "limit": 1}).text
    assert chosen.count('class="event"') == 1
    assert signed_in.get(link(chosen, "next")).text.count('class="event">page<') == 1
    assert "None of this name" in signed_in.get(f"{path}/events?event=no").text


def test_two_times_are_compared(signed_in: Client, capture: Capture) -> None:
    capture("$set", "ada", {"$set": {"plan": "free", "old": NASTY}})
    then = capture("$set", "bob", {"$set": {"n": 1}}).headers["X-Position"]
    capture("$set", "ada", {"$set": {"plan": "pro", "new": 1}, "$unset": ["old"]})
    capture("$identify", "ada", {"$anon_distinct_id": "visitor"})
    path = path_of(signed_in, "ada")

    text = signed_in.get(f"{path}/diff?from={then}").text

    assert f"before: </span>{escape(NASTY)}</del>" in text
    assert "before: </span>free</del>" in text
    assert "after: </span>pro</ins>" in text
    assert "gained: </span>+ visitor</ins>" in text
    assert NASTY not in text
    assert signed_in.get(f"{path}/diff?from=soon").status_code == 400
