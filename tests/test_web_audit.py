from datetime import UTC, datetime, timedelta

from markupsafe import escape

from api.purge.erasing import Tools
from api.purge.purging import Purge
from domain.events import Actor
from projections.verifying import verifications
from projections.verifying.verify import verify
from storage.checkpoints import Notary
from storage.schema import events
from tests.pages import API, HERE, NASTY, Capture, path_of
from tests.service import Client


def purge(client: Client) -> None:
    """Erase all that waits for it, however short."""
    store = client.store
    notary = Notary(store.database)
    tools = Tools(store.database, store.writer.submit, notary, store.clock)
    Purge(tools, actor=Actor("system", "purge")).all(timedelta())


def verified(client: Client) -> None:
    database = client.store.database
    report = verify(database, project_id=1)
    verifications.keep(database, report, project_id=1, at=datetime.now(UTC))


def test_the_audit_tells_what_was_verified_and_signed_and_nothing_else(
    signed_in: Client, capture: Capture
) -> None:
    empty = signed_in.get("/audit").text
    assert "Not verified yet" in empty
    assert "The log is empty" in empty
    assert "None was asked for yet" in empty
    capture("$set", "ada", {"$set": {"plan": "free"}})

    given = signed_in.get("/audit/checkpoint.json")
    assert given.headers["content-disposition"] == 'attachment; filename="checkpoint-2.json"'
    assert given.json()["format"] == "persons-checkpoint"
    proof = signed_in.get(f"{path_of(signed_in, 'ada')}/proof.json")
    assert len(proof.json()["events"]) == 2
    verified(signed_in)
    text = signed_in.get("/audit").text
    assert "All is as the events say" in text
    assert "replayed 2 events" in text
    assert "for the first 2 events" in text
    assert '<dt>last minute</dt><dd class="figure">2</dd>' in text


def test_the_audit_tells_that_something_was_tampered_with(
    signed_in: Client, capture: Capture
) -> None:
    capture("$set", "ada", {"$set": {"plan": "free"}})
    with signed_in.store.database.writing() as connection:
        changed = events.c.state + " "
        connection.execute(events.update().values(state=changed).where(events.c.position == 2))
    verified(signed_in)

    assert "Something is not as it was" in signed_in.get("/audit").text


def test_who_was_deleted_is_named_until_erased_and_can_be_brought_back(
    signed_in: Client, capture: Capture
) -> None:
    assert "Nothing was deleted" in signed_in.get("/deletions").text
    for name in ("ada", NASTY):
        capture("$set", name, {"$set": {"name": f"{name}!"}})
    ada, nasty = (path_of(signed_in, name) for name in ("ada", NASTY))
    for path in (ada, nasty):
        signed_in.delete(f"{API}{path}?delete_events=true")

    text = signed_in.get("/deletions").text
    assert "2 can still be brought back" in text
    assert text.count(f"{escape(NASTY)}!</a>") == 2
    assert NASTY not in text
    assert text.count("waiting for the purge") == 2
    assert "Bring back" not in signed_in.get("/deletions?offset=2").text
    back = signed_in.post(f"{ada}/undelete", headers=HERE)
    assert back.status_code == 303
    assert "1 can still be brought back" in signed_in.get("/deletions").text

    purge(signed_in)

    erased = signed_in.get("/deletions").text
    assert "can still be brought back" not in erased
    assert escape(NASTY) not in erased
    assert f'href="{nasty}"' in erased
    assert "0 found in" in erased
    assert erased.count('class="is-done"') == 3
