"""A story in which every operation is performed once: the examples of the document.

`python -m tests.example_story` tells it, and writes `api/document/examples.json`.
"""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.document.examples import FILE, Examples
from api.purge.erasing import Tools
from api.purge.purging import Purge
from domain.events import Actor
from domain.values import encode
from projections.verifying import verifications
from projections.verifying.verify import verify
from storage.checkpoints import Notary
from tests import example_refusals, service
from tests.example_refusals import FORM, WITH_TOKEN
from tests.examples import TOLD, Recorder, has_project
from tests.server import Server
from tests.service import Client

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEEK = timedelta(days=7)
V1_HEADERS = {
    "PostHog-Sdk-Info": "posthog-python/7.0.0",
    "PostHog-Attempt": "1",
    "PostHog-Request-Id": "0195556d-0000-7000-8000-000000000001",
    "PostHog-Request-Timestamp": "2026-03-02T09:08:00Z",
}


def tell(database_url: str) -> Examples:
    """Tell the story with a service on a new database; return the examples that it leaves."""
    with service.running(database_url) as client:
        client.clock.now = BEGIN
        recorder = Recorder(client)
        _capture(recorder)
        _capture_otherwise(recorder)
        ada = recorder.ask("persons_list", search="ada@", limit=10)["results"][0]["uuid"]
        bob = recorder.send("persons_list", search="bob@").json()["results"][0]["uuid"]
        _change(recorder, ada)
        _look(recorder, ada)
        _look_around(recorder, ada)
        _merge(recorder, ada)
        _delete(recorder, bob)
        _audit(recorder, ada)
        example_refusals.on_persons(recorder, ada)
        example_refusals.on_capture(recorder, V1_HEADERS)
    example_refusals.on_limits(recorder, database_url)
    return recorder.examples


def _event(name: str, distinct_id: str, **properties: Any) -> dict[str, Any]:
    return {"event": name, "distinct_id": distinct_id, "properties": properties}


def _capture(recorder: Recorder) -> None:
    token = {"api_key": Server.token}
    page = _event("$pageview", "anon-1", **{"$set_once": {"referrer": "news"}})
    recorder.ask("capture_e_post", token | page)
    known = {"$anon_distinct_id": "anon-1", "$set": {"email": "ada@example.com", "plan": "free"}}
    events = [
        _event("$identify", "ada", **known) | {"timestamp": "2026-03-02T09:01:30Z"},
        _event("order placed", "ada", amount=12) | {"timestamp": "2026-03-02T09:01:40Z"},
    ]
    recorder.ask("capture_batch_post", token | {"batch": events, "sent_at": "2026-03-02T09:02:00Z"})
    bob = {"email": "bob@example.com", "plan": "free"}
    recorder.ask("capture_v0_e_post", token | _event("$set", "bob", **{"$set": bob}))
    recorder.ask("capture_post", token | _event("subscribed", "ada", **{"$set": {"plan": "pro"}}))
    recorder.ask("capture_track_post", token | _event("order placed", "bob", amount=7))
    generation = _event("$ai_generation", "ada", **{"$ai_model": "small"})
    recorder.ask("capture_ai_batch_post", token | {"batch": [generation]})
    recorder.ask("capture_engage_post", token | _event("$set", "bob", **{"$set": {"city": "Oslo"}}))
    visit = _event("visit", "mia") | {
        "uuid": "0195556d-0000-7000-8000-00000000000a",
        "timestamp": "2026-03-02T09:07:50Z",
    }
    batch = {"created_at": "2026-03-02T09:08:00Z", "batch": [visit]}
    recorder.ask("capture_v1", batch, headers=WITH_TOKEN, **_keywords(V1_HEADERS))


def _keywords(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "__"): value for name, value in headers.items()}


def _capture_otherwise(recorder: Recorder) -> None:
    """By forms and addresses; and look at what SDKs and operators ask besides."""
    visit = {"api_key": Server.token} | _event("visit", "mia")
    packed = b64encode(json.dumps(visit).encode()).decode()
    for id, told in TOLD.items():
        if id.startswith("capture_recording"):
            recorder.ask(id, _event("$snapshot", "mia") if told.method == "POST" else None)
        elif id.startswith("capture_") and id.endswith("_get"):
            recorder.ask(id, compression="base64", data=packed)
        elif id.startswith("capture_") and id != "capture_v1":
            recorder.ask(id, {"data": packed}, media=FORM)
        elif "{token}" in told.path:
            recorder.ask(id, token=Server.token)
        elif not id.startswith("capture_") and not has_project(id):
            recorder.ask(id, shows="persons_log_events" if id == "metrics" else "")


def _change(recorder: Recorder, ada: str) -> None:
    recorder.ask("persons_retrieve", id=ada)
    recorder.ask("persons_partial_update", {"properties": {"name": "Ada Lovelace"}}, id=ada)
    recorder.ask("persons_update", {"properties": {"city": "London"}}, id=ada)
    recorder.ask("persons_update_property_create", {"key": "plan", "value": "team"}, id=ada)
    recorder.ask("persons_delete_property_create", {"$unset": ["referrer"]}, id=ada)
    recorder.ask("persons_create")


def _look(recorder: Recorder, ada: str) -> None:
    recorder.ask("persons_history_retrieve", id=ada, limit=50)
    recorder.ask("persons_blame_retrieve", id=ada)
    recorder.ask("persons_diff_retrieve", id=ada, since="2026-03-02T09:03:00Z")
    recorder.ask("persons_activity_retrieve", id=ada, limit=2)
    recorder.ask("persons_properties_timeline_retrieve", id=ada, key=["plan"])
    recorder.ask("persons_events_retrieve", id=ada, limit=10)


def _look_around(recorder: Recorder, ada: str) -> None:
    recorder.ask("persons_all_activity_retrieve", source="all", limit=2)
    recorder.ask("persons_all_diff_retrieve", since="2026-03-02T09:03:00Z", limit=10)
    recorder.ask("persons_values_retrieve", key="plan")
    at = {"timestamp": "2026-03-02T09:03:30Z", "distinct_id": "ada"}
    recorder.ask("persons_properties_at_time_retrieve", **at)
    recorder.ask("persons_batch_by_distinct_ids_create", {"distinct_ids": ["ada", "nobody"]})
    recorder.ask("persons_batch_by_uuids_create", {"uuids": [ada]})
    recorder.ask("persons_changes_retrieve", after=0, limit=2)


def _merge(recorder: Recorder, ada: str) -> None:
    merge = {"api_key": Server.token} | _event("$merge_dangerously", "ada", alias="bob")
    recorder.send("capture_post", merge)
    (merged,) = recorder.ask("persons_merges_retrieve", id=ada)["results"]
    back = {"merge": merged["merge"]}
    recorder.ask("persons_unmerge_create", back, id=ada)
    recorder.refuse("persons_unmerge_create", back, id=ada)
    recorder.ask("persons_split_create", {"distinct_ids_to_split": ["anon-1"]}, id=ada)
    known = {"api_key": Server.token} | _event("$identify", "mia", **{"$anon_distinct_id": "ada"})
    recorder.send("capture_post", known)
    recorder.ask("ingestion_warnings_list")


def _delete(recorder: Recorder, bob: str) -> None:
    recorder.ask("persons_delete_events_create", id=bob)
    recorder.ask("persons_deletion_status_retrieve", status="pending", limit=10)
    recorder.ask("persons_destroy", id=bob)
    recorder.ask("persons_erasures_retrieve", limit=10)
    recorder.ask("persons_undelete_create", id=bob)
    recorder.ask("persons_bulk_delete_create", {"distinct_ids": ["bob"], "erase": "now"})
    recorder.ask("persons_reset_person_distinct_id_create", {"distinct_id": "bob"})
    _purge(recorder.client)
    recorder.ask("persons_erasure_retrieve", id=bob)


def _purge(client: Client) -> None:
    assert client.clock.now
    client.clock.now += WEEK
    database = client.store.database
    tools = Tools(database, client.store.writer.submit, Notary(database), client.clock)
    Purge(tools, actor=Actor("system", "purge")).all(client.store.retention)


def _audit(recorder: Recorder, ada: str) -> None:
    recorder.ask("persons_audit_checkpoint", since=2)
    recorder.ask("persons_audit_proof", id=ada)
    database = recorder.client.store.database
    verifications.keep(database, verify(database), project_id=None, at=recorder.client.clock())
    recorder.ask("verify")


def main() -> None:
    """Tell the story, and write its examples."""
    with TemporaryDirectory() as folder:
        examples = tell(f"sqlite:///{Path(folder)}/persons.db")
    FILE.write_text(json.dumps(json.loads(encode(examples)), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
