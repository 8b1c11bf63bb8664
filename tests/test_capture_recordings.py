"""What real SDKs were recorded to send is understood; see fixtures/sdk-requests/README.md."""

import json
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.capture.inflating import inflate
from api.capture.intake import json_text
from api.capture.v0 import translate
from api.capture.v1 import sender
from api.capture.v1 import translate as translate_v1
from domain.captured import CapturedEvent

FOLDER = Path(__file__).parent / "fixtures" / "sdk-requests"
NOW = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)
TOKEN = "phc_testtoken0123456789"
V1 = "/i/v1/analytics/events"

RECORDED = [
    pytest.param(recorded, id=f"{path.stem}-{recorded['n']}")
    for path in sorted(FOLDER.glob("*.json"))
    for recorded in json.loads(path.read_text())
    if recorded["method"] == "POST"
]


def wire(recorded: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Return the body as it came over the wire, and the headers with lower-case names."""
    packed = recorded["body_wire_base64"]
    body = b64decode(packed) if packed else json.dumps(recorded["body"]).encode()
    return body, {name.lower(): value for name, value in recorded["headers"].items()}


def understood(recorded: dict[str, Any]) -> tuple[str, list[CapturedEvent]]:
    """Return the token and the events that capture reads, none of which may be bad."""
    body, headers = wire(recorded)
    if recorded["path"] == V1:
        who = sender(headers)
        text = inflate(body, headers.get("content-encoding", ""))
        v1 = translate_v1(text, who, now=NOW)
        assert not v1.dropped
        return who.token, list(v1.events.values())
    text = json_text(body, query=recorded["query"], headers=headers)
    v0 = translate(text, query=recorded["query"], now=NOW)
    assert not v0.skipped
    return v0.token, v0.events


@pytest.mark.parametrize("recorded", RECORDED)
def test_what_an_sdk_sent_is_understood(recorded: dict[str, Any]) -> None:
    token, events = understood(recorded)

    assert token == TOKEN
    assert [(str(each.uuid), each.event, each.distinct_id) for each in events] == [
        (
            event["uuid"],
            event["event"],
            event.get("distinct_id") or event["properties"]["distinct_id"],
        )
        for event in recorded["body"]["batch"]
    ]
    assert all(each.is_repeatable and each.processes_person for each in events)


@pytest.mark.parametrize("recorded", RECORDED)
def test_what_an_sdk_sent_keeps_its_properties(recorded: dict[str, Any]) -> None:
    _, events = understood(recorded)

    for captured, event in zip(events, recorded["body"]["batch"], strict=True):
        beside = {key: event[key] for key in ("$set", "$set_once", "$unset") if event.get(key)}
        assert captured.properties.items() >= (event["properties"] | beside).items()


def test_all_kinds_of_client_were_recorded() -> None:
    clients = {path.stem.partition("_")[0] for path in FOLDER.glob("*.json")}

    assert clients == {"py", "node", "js"}
