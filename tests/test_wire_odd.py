"""Capture over the wire: no input is so odd that it is not answered, and nothing odd is kept."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.properties import MAX_SIZE
from domain.values import MAX_DEPTH
from tests.scenario import visit
from tests.service import Client
from tests.wire import Wire, wired
from tests.wire_cases import PATHS, b, batch


@pytest.fixture
def wire(shared_client: Client) -> Iterator[Wire]:
    with wired(shared_client) as new_wire:
        yield new_wire


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def valued(text: str) -> bytes:
    """Return a request whose event sets `x` to what this text says in JSON."""
    return json.dumps(b(properties={"$set": {"x": "HERE"}})).replace('"HERE"', text).encode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("9" * 5_000, id="5000 digits"),
        "NaN",
        "Infinity",
        "1e999",
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '{"\\ud800": 1}',
        '"\\x"',
        "'x'",
        "undefined",
        pytest.param(nested(MAX_DEPTH - 3 + 1), id="a level too deep"),
        pytest.param(nested(100_000), id="far too deep"),
        pytest.param('{"a":' * 5_000 + "1" + "}" * 5_000, id="objects far too deep"),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused(wire: Wire, text: str) -> None:
    answer = wire.send("/e/", content=valued(text))

    assert (answer.status_code, answer.text[:25]) == (400, "failed to parse request: ")
    assert (wire.names(), wire.persons()) == ([], [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123456789012345678901234567890", 123456789012345678901234567890),
        (str(-(2**64)), -(2**64)),
        ("1.5e300", 1.5e300),
        ("-0.0", -0.0),
        ('"\\ud83d\\ude00"', "😀"),
        ('"a\\u0000b"', "a\ufffdb"),
        ('{"\\u0000": ["\\u0000"]}', {"\ufffd": ["\ufffd"]}),
        ('"\\\\u0000"', "\\u0000"),
        ('"\\u2028\\u202e\\ufeff\\uffff"', "\u2028\u202e\ufeff\uffff"),
        ('"\'; DROP TABLE persons; --"', "'; DROP TABLE persons; --"),
        ('"%s %(a)s {} :a ? $1"', "%s %(a)s {} :a ? $1"),
        ('{"": {"": ""}}', {"": {"": ""}}),
        pytest.param(nested(MAX_DEPTH - 3), json.loads(nested(MAX_DEPTH - 3)), id="as deep as can"),
        pytest.param('"' + "x" * 600_000 + '"', "x" * 600_000, id="600 kB"),
    ],
)
def test_a_value_that_can_be_kept_is_kept_exactly(wire: Wire, text: str, value: Any) -> None:
    answer = wire.send("/e/", content=valued(text))
    (person,) = wire.persons()

    assert answer.status_code == 200
    assert repr(person.properties) == repr({"x": value})
    assert repr(wire.kept()[0].properties["$set"]) == repr({"x": value})


def test_one_odd_event_of_a_batch_is_left_out(wire: Wire) -> None:
    deep = json.loads(nested(MAX_DEPTH))
    large = "x" * 1_000_000
    events = [b(), b(properties={"deep": deep}), b(properties={"x": large}), b(event="last\0")]
    answer = wire.send("/batch/", json=batch(*events))

    assert answer.status_code == 200
    assert [each["index"] for each in answer.json()["skipped"]] == [1, 2]
    assert wire.names() == ["visit", "last\ufffd"]


def test_too_large_a_person_is_not_made_and_does_not_grow(wire: Wire) -> None:
    half = {"a": "x" * (MAX_SIZE // 2)}
    wire.project.capture(visit("giant", {"$set": {"a": "x" * MAX_SIZE}}))
    wire.project.capture(visit("mia", {"$set": half}))
    wire.project.capture(visit("mia", {"$set": {"b": "x" * (MAX_SIZE // 2)}}))
    wire.project.capture(visit("mia", {"$set": {"c": 1}}))

    assert [person.properties for person in wire.persons()] == [half | {"c": 1}]
    assert wire.project.warnings() == {"person_properties_size_violation": 2}
    assert len(wire.kept()) == 4


@pytest.mark.parametrize(
    "distinct_id",
    [
        "\0",
        "😀" * 250,
        "é" * 250,
        "e\u0301" * 200,
        "a/b?c=d&e#f%00",
        "%",
        "'",
        '"',
        "\\",
        "\n\t\r",
        "\u2028",
        "x" * 100_000,
        "0",
        -0.0,
        1e22,
        10**30,
        False,
        [None],
        {"a": {"b": []}},
    ],
)
def test_no_distinct_id_is_too_odd(wire: Wire, distinct_id: Any) -> None:
    answer = wire.send("/e/", json=b(distinct_id=distinct_id))
    if answer.status_code == 400:
        assert str(distinct_id).isspace()
        assert wire.persons() == []
        return

    (person,) = wire.persons()
    (found,) = wire.client.get(
        f"/api/projects/{wire.project.id}/persons",
        params={"distinct_id": person.distinct_ids[0]},
        headers=wire.project.headers,
    ).json()["results"]
    assert found["uuid"] == person.uuid
    assert 1 <= len(person.distinct_ids[0]) <= 200


@pytest.mark.parametrize("path", [f"{path}/" for path in PATHS] + ["/s/", "/flags/", "/decide/"])
@pytest.mark.parametrize(
    ("query", "content", "headers"),
    [
        ("", b"\0", {}),
        ("", b"\xff" * 300, {}),
        ("", b"PK\x03\x04", {"Content-Type": "application/zip"}),
        ("", b"{}", {"Content-Type": "\xff"}),
        ("", b"{}", {"Content-Encoding": "\xff, gzip"}),
        ("", b"=" * 1_000, {"Content-Type": "application/x-www-form-urlencoded"}),
        ("", b"data=%FF%00%ZZ", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("", b"--x\r\n\r\n--x--", {"Content-Type": "multipart/form-data; boundary=x"}),
        ("?data=%00", b"", {}),
        ("?data=%FF%FE", b"", {}),
        ("?data=" + quote('{"event": "\\ud800"}'), b"", {}),
        ("?compression=%00", b"[]", {}),
        ("?compression=lz64", b"A" * 10_000, {}),
        ("?sent_at=" + "9" * 5_000, json.dumps(b()).encode(), {}),
        ("?_=-1&_=%00", json.dumps(b()).encode(), {}),
        ("?beacon=1", b"nothing", {}),
        ("?" + "a=1&" * 5_000, b"[]", {}),
    ],
)
def test_no_request_is_too_odd(
    wire: Wire, path: str, query: str, content: bytes, headers: dict[str, str]
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = wire.send(path + query, content=content, headers=raw)

    assert answer.status_code in {200, 204, 400, 401, 413}
    assert answer.status_code < 400 or answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "token", ["%00", "'%22<script>&", "%F0%9F%98%80", "x" * 5_000, "%ff", ".."]
)
@pytest.mark.parametrize("tail", ["config", "config.js", "config/", "config.js/"])
def test_no_token_in_a_path_is_too_odd(wire: Wire, token: str, tail: str) -> None:
    answer = wire.send(f"/array/{token}/{tail}", "GET")

    assert answer.status_code in {200, 404}
    # What is no script itself can be taken for none.
    is_script = answer.headers["content-type"].startswith("application/javascript")
    assert "<script>" not in answer.text if is_script else answer.json()


FIELDS = ["event", "uuid", "distinct_id", "properties", "timestamp", "offset", "$set", "$set_once"]
FIELDS += ["$unset", "token", "$token", "$distinct_id", "sent_at", "batch", "$anon_distinct_id"]
FIELDS += ["alias", "$process_person_profile", "$group_type", "$group_key", "$group_set", "$os"]
texts = st.text(max_size=5) | st.sampled_from(
    [
        "visit",
        "$identify",
        "$create_alias",
        "$groupidentify",
        "mia",
        "noa",
        "null",
        "\0",
        "",
        "2024-06-01T11:00:00Z",
        "0189c5de-0000-7000-8000-00000000000a",
    ]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | texts, inner, max_size=3)
    ),
    max_leaves=6,
)
bags = st.dictionaries(st.sampled_from(FIELDS), values, max_size=5)
events = st.builds(
    lambda fields, properties: b(properties=properties) | fields, bags, bags | st.just({})
)


@given(st.lists(events | values, min_size=1, max_size=5), st.sampled_from(PATHS))
def test_no_json_is_too_odd(shared_client: Client, sent: list[Any], path: str) -> None:
    with wired(shared_client) as wire:
        answer = wire.send(f"{path}/", json=batch(*sent))

        assert answer.status_code in {200, 400, 413}
        skipped = len(answer.json().get("skipped", [])) if answer.status_code == 200 else len(sent)
        kept, persons = wire.kept(), wire.persons()
        assert len(kept) <= len(sent) - skipped
        assert len(persons) <= len(kept)
