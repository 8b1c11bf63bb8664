import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.capture.v0 import translate
from domain.captured import CapturedEvent
from tests.capture_bodies import NOW, batch, delivered, event

UUID_A = UUID("0189c5de-0000-4000-8000-00000000000a")
SMILES = "\N{GRINNING FACE}" * 201


def captured(body: Any, **query: str) -> CapturedEvent:
    (only,) = translate(json.dumps(body).encode(), query=query, now=NOW).events
    return only


def test_an_event_is_kept_as_it_was_sent() -> None:
    properties = {"plan": "pro", "n": 2**70, "ratio": 1.0, "list": [None, True, {"a": {}}]}
    found = captured(
        event(uuid=str(UUID_A), timestamp="2024-06-01T11:00:00.123456Z", properties=properties)
    )

    assert found == CapturedEvent(
        event="visit",
        distinct_id="mia",
        uuid=UUID_A,
        timestamp=datetime(2024, 6, 1, 11, 0, 0, 123456, tzinfo=UTC),
        properties=properties,
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"distinct_id": 42}, "42"),
        ({"distinct_id": 2**70}, str(2**70)),
        ({"distinct_id": 1.5}, "1.5"),
        ({"distinct_id": True}, "true"),
        ({"distinct_id": 0}, "0"),
        ({"distinct_id": ["a", 1]}, '["a",1]'),
        ({"distinct_id": {"a": None}}, '{"a":null}'),
        ({"distinct_id": " mia "}, " mia "),
        ({"distinct_id": "a\0b"}, "a\ufffdb"),
        ({"distinct_id": "\0"}, "\ufffd"),
        ({"distinct_id": "null"}, "null"),
        pytest.param({"distinct_id": "L" * 300}, "L" * 200, id="long"),
        pytest.param({"distinct_id": SMILES}, SMILES[:200], id="long in code points"),
        ({"distinct_id": ..., "$distinct_id": "x"}, "x"),
        ({"distinct_id": ..., "properties": {"distinct_id": "x"}}, "x"),
        ({"distinct_id": ..., "properties": {"distinct_id": 7}}, "7"),
        pytest.param({"distinct_id": None, "properties": {"distinct_id": "x"}}, "x", id="W29"),
        ({"distinct_id": "mia", "properties": {"distinct_id": "x"}}, "mia"),
    ],
)
def test_the_distinct_id(fields: dict[str, Any], expected: str) -> None:
    assert captured(event(**fields)).distinct_id == expected


def test_the_name_is_cut_in_code_points() -> None:
    assert captured(event(event=SMILES)).event == SMILES[:200]


@pytest.mark.parametrize("uuid", [..., None, ""])
def test_w33_an_event_without_a_uuid_gets_a_new_one(uuid: Any) -> None:
    one, other = delivered(batch(event(uuid=uuid), event(uuid=uuid))).events

    assert one.uuid != other.uuid
    assert (one.uuid.version, one.uuid.int >> 80) == (7, int(NOW.timestamp() * 1000))
    assert not one.is_repeatable


@pytest.mark.parametrize("uuid", [str(UUID_A), str(UUID_A).upper(), UUID_A.hex])
def test_an_event_with_a_uuid_keeps_it(uuid: str) -> None:
    found = captured(event(uuid=uuid))

    assert (found.uuid, found.is_repeatable) == (UUID_A, True)


@pytest.mark.parametrize(
    ("beside", "inside", "folded"),
    [
        ({"$set": {"a": 1}}, {}, {"$set": {"a": 1}}),
        (
            {"$set": {"a": 1, "b": 1}},
            {"$set": {"b": 2, "c": 2}},
            {"$set": {"a": 1, "b": 1, "c": 2}},
        ),
        ({"$set_once": {"a": 1}}, {"$set_once": {"b": 2}}, {"$set_once": {"a": 1, "b": 2}}),
        ({"$set": {"a": 1}}, {"$set": "wrong"}, {"$set": {"a": 1}}),
        ({"$set": None}, {"$set": {"a": 1}}, {"$set": {"a": 1}}),
        ({"$unset": ["a"]}, {}, {"$unset": ["a"]}),
        ({"$unset": {"a": ""}}, {"$unset": ["b"]}, {"$unset": ["b", "a"]}),
        ({"$unset": ["a"]}, {"$unset": {"b": ""}}, {"$unset": ["b", "a"]}),
        ({"$unset": "a"}, {"$unset": ["b"]}, {"$unset": ["b"]}),
        ({"type": "capture", "library": "x"}, {"a": 1}, {"a": 1}),
    ],
)
def test_what_stands_beside_the_properties_is_folded_in(
    beside: dict[str, Any], inside: dict[str, Any], folded: dict[str, Any]
) -> None:
    assert captured(event(properties=inside, **beside)).properties == folded


def test_an_event_needs_no_properties() -> None:
    assert captured(event(properties=...)).properties == {}


def test_nuls_become_signs_that_databases_can_keep() -> None:
    found = captured(
        event(event="a\0", properties={"b\0": ["c\0", {"d": "\0"}]}, **{"$set": {"e": "\0"}})
    )

    assert found.event == "a\ufffd"
    assert found.properties == {
        "b\ufffd": ["c\ufffd", {"d": "\ufffd"}],
        "$set": {"e": "\ufffd"},
    }


def test_a_backslash_before_u0000_is_no_nul() -> None:
    assert captured(event(properties={"path": r"c:\u0000"})).properties == {"path": r"c:\u0000"}


ELEVEN = "2024-06-01T11:00:00Z"


@pytest.mark.parametrize(
    ("fields", "sent_at", "query", "seconds_before_noon"),
    [
        pytest.param({"timestamp": ELEVEN}, "2024-06-01T12:00:10Z", {}, 3610, id="T01"),
        pytest.param({"timestamp": ELEVEN}, None, {}, 3600, id="T03"),
        pytest.param(
            {"timestamp": ELEVEN, "properties": {"$ignore_sent_at": True}},
            "2024-06-01T12:00:10Z",
            {},
            3600,
            id="T05",
        ),
        pytest.param(
            {"timestamp": ELEVEN, "properties": {"$ignore_sent_at": "true"}},
            "2024-06-01T12:00:10Z",
            {},
            3610,
            id="only true ignores",
        ),
        pytest.param({"timestamp": "2024-06-02T12:00:01Z"}, None, {}, 0, id="T07"),
        pytest.param({"timestamp": "yesterday-ish"}, None, {}, 0, id="T09"),
        pytest.param({"timestamp": "2024-06-01T11:00:00+03:00"}, None, {}, 14_400, id="T11"),
        pytest.param({"timestamp": ELEVEN}, None, {"_": "1717243210"}, 3600, id="T13"),
        pytest.param({"timestamp": ELEVEN}, None, {"_": "1717243210000"}, 3610, id="in the query"),
        pytest.param({"timestamp": ELEVEN}, "?", {"sent_at": "1717243210000"}, 3610, id="both"),
        pytest.param({"timestamp": ELEVEN}, 5, {}, 3600, id="no text"),
        pytest.param({"offset": 5000}, None, {}, 5, id="offset"),
        pytest.param({"timestamp": ELEVEN, "offset": 5000}, None, {}, 5, id="offset wins"),
        pytest.param({"timestamp": None, "offset": None}, None, {}, 0, id="nothing"),
        pytest.param({}, "2024-06-01T12:00:10Z", {}, 0, id="nothing, sent at"),
    ],
)
def test_the_time(
    fields: dict[str, Any], sent_at: Any, query: dict[str, str], seconds_before_noon: int
) -> None:
    found = captured(batch(event(**fields), sent_at=sent_at), **query)

    assert found.timestamp == NOW - timedelta(seconds=seconds_before_noon)


def test_only_a_batch_says_when_it_was_sent() -> None:
    alone = event(timestamp=ELEVEN, sent_at="2024-06-01T12:00:10Z")

    assert captured(alone).timestamp == captured([alone]).timestamp == NOW - timedelta(hours=1)
