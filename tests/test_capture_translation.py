from typing import Any

import pytest

from api.capture.errors import Skipped
from api.capture.v0 import Delivery
from tests.capture_bodies import batch, delivered, event, refusal

NAMELESS = "failed to hydrate events from request: non-engage request missing event name attribute"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        pytest.param(event(), 1, id="W01 single"),
        pytest.param([event(), event()], 2, id="W03 array"),
        pytest.param(batch(event(), event(), event()), 3, id="batch"),
        pytest.param(batch(event(api_key="phc_other")), 1, id="a batch's events have no token"),
        pytest.param(batch(event(api_key=...)) | {"historical_migration": True}, 1, id="old"),
        pytest.param({"token": "phc_t", "batch": [event()]}, 1, id="batch with token"),
        pytest.param(event(api_key=..., **{"$token": "phc_t"}), 1, id="W05 $token"),
        pytest.param(event(api_key=..., token="phc_t"), 1, id="W05 token"),
        pytest.param(event(api_key=..., properties={"token": "phc_t"}), 1, id="inside"),
        pytest.param(event(api_key=" phc_t\n"), 1, id="blanks around the token"),
        pytest.param(event(token="phc_t"), 1, id="W43 two tokens"),
        pytest.param([event(api_key=...), event()], 2, id="array in which one has a token"),
        pytest.param(event(batch=None), 1, id="a batch that is none"),
    ],
)
def test_every_shape_is_understood(body: Any, count: int) -> None:
    delivery = delivered(body)

    assert delivery.token == "phc_t"
    assert [(each.event, each.distinct_id) for each in delivery.events] == [
        ("visit", "mia")
    ] * count
    assert delivery.indexes == list(range(count))
    assert not delivery.skipped


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        pytest.param([], 400, "request holds no event", id="W19 array"),
        pytest.param(batch(), 400, "request holds no event", id="W19 batch"),
        pytest.param({"batch": []}, 400, "request holds no event", id="W19 before the token"),
        pytest.param(event(api_key=...), 401, "event submitted without an api_key", id="W23"),
        pytest.param([event(api_key=...)], 401, "event submitted without an api_key", id="array"),
        pytest.param({"batch": [event()]}, 401, "event submitted without an api_key", id="batch"),
        pytest.param(event(api_key=5), 401, "event submitted without an api_key", id="number"),
        pytest.param(event(api_key=""), 401, "API key is not valid: empty", id="W25 empty"),
        pytest.param(event(api_key="  "), 401, "API key is not valid: empty", id="W25 blank"),
        pytest.param(
            event(api_key="phx_abc"), 401, "API key is not valid: personal_api_key", id="W25 phx"
        ),
        pytest.param(event(api_key="a" * 65), 401, "API key is not valid: too_long", id="W25 long"),
        pytest.param(event(api_key="phc_é"), 401, "API key is not valid: not_ascii", id="W25 é"),
        pytest.param(event(api_key="a\0b"), 401, "API key is not valid: null_byte", id="NUL"),
        pytest.param(
            [event(), event(api_key="phc_u")],
            401,
            "batch submitted with inconsistent api_key values",
            id="two tokens",
        ),
        pytest.param(event(event=...), 400, NAMELESS, id="no name"),
        pytest.param({}, 400, NAMELESS, id="no name and no token"),
        pytest.param({"api_key": "phc_t", "batch": 5}, 400, NAMELESS, id="batch of no list"),
        pytest.param("text", 400, "failed to parse request: expected an object", id="a string"),
        pytest.param(None, 400, "failed to parse request: expected an object", id="null"),
    ],
)
def test_what_is_no_request_is_refused(body: Any, status: int, detail: str) -> None:
    found = refusal(body)

    assert found[0] == status
    assert found[1].startswith(detail)


BAD = [
    (event(event=""), "event submitted with an empty event name"),
    (event(event=5), "failed to parse request: event must be a string"),
    (event(distinct_id=...), "event submitted without a distinct_id"),
    (event(distinct_id=None), "event submitted without a distinct_id"),
    (event(distinct_id=""), "event submitted without a distinct_id"),
    (event(distinct_id=" \t "), "event submitted without a distinct_id"),
    (event(distinct_id="", properties={"distinct_id": "x"}), "event submitted without a distinct_"),
    (event(uuid="banana"), "failed to parse request: uuid must be a UUID"),
    (event(uuid=0), "failed to parse request: uuid must be a UUID"),
    (event(uuid="+" + "1" * 31), "failed to parse request: uuid must be a UUID"),
    (event(properties=None), "failed to parse request: properties must be an object"),
    (event(properties=[]), "failed to parse request: properties must be an object"),
    (event(timestamp=1717239600), "failed to parse request: timestamp must be a string"),
    (event(offset="1"), "failed to parse request: offset must be an integer"),
    (event(offset=True), "failed to parse request: offset must be an integer"),
    (event(**{"$set": [1]}), "failed to parse request: $set must be an object"),
    (event(**{"$set_once": "x"}), "failed to parse request: $set_once must be an object"),
    (
        event(properties={"$cookieless_mode": "yes"}),
        "event submitted with invalid cookieless mode",
    ),
    (
        event(properties={"$cookieless_mode": None}),
        "event submitted with invalid cookieless mode",
    ),
]


@pytest.mark.parametrize(("bad", "detail"), BAD)
def test_a_single_bad_event_is_refused(bad: Any, detail: str) -> None:
    for body in (bad, [bad], batch(bad, bad)):
        status, found = refusal(body)

        assert status == 400
        assert found.startswith(detail)


@pytest.mark.parametrize(("bad", "detail"), [*BAD, (5, "failed to parse request: an event must")])
def test_a_bad_event_of_many_is_left_out_and_named(bad: Any, detail: str) -> None:
    for body in ([event(), bad, event()], batch(event(), bad, event())):
        delivery = delivered(body)

        assert delivery.indexes == [0, 2]
        assert [skipped.index for skipped in delivery.skipped] == [1]
        assert delivery.skipped[0].detail.startswith(detail)


def test_an_event_without_a_name_is_one_of_the_bad() -> None:
    assert delivered(batch(event(event=...), event())).skipped == [Skipped(0, NAMELESS)]


def test_a_batch_of_things_that_are_no_events_is_refused() -> None:
    assert refusal(batch(None, 1, "x", [])) == (
        400,
        "failed to parse request: an event must be an object",
    )


def test_w37_an_event_of_the_people_api_is_an_identify() -> None:
    body = {"token": "phc_t", "distinct_id": "mia", "$set": {"a": 1}}
    (only,) = delivered(body, default_event="$identify").events

    assert (only.event, only.properties) == ("$identify", {"$set": {"a": 1}})


def test_w35_performance_events_vanish_without_a_word() -> None:
    vanishing = event(event="$performance_event")

    for body in (vanishing, [vanishing], batch(vanishing, vanishing)):
        assert delivered(body) == Delivery("phc_t", [], [], [])


def test_bad_events_beside_a_vanishing_one_are_not_all() -> None:
    delivery = delivered(batch(event(event="$performance_event"), event(distinct_id="")))

    assert (delivery.events, len(delivery.skipped)) == ([], 1)
