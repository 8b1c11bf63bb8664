"""What was ever written must be read for ever.

`stored_events.jsonl` has events as they stand in logs. It gets a line whenever an event gets
another shape, and never loses one.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent

from domain.events import EVENT_CLASSES, PersonEvent, PlacedEvent
from domain.person import Person
from storage.mapper import PersonMapper, decode_event, encode_event
from tests.decisions import uuid_of


class Stored(msgspec.Struct):
    topic: str
    state: msgspec.Raw


LINES = (Path(__file__).parent / "stored_events.jsonl").read_bytes().splitlines()
MUSEUM = [msgspec.json.decode(line, type=Stored) for line in LINES]

each_stored_event = pytest.mark.parametrize(
    "stored", MUSEUM, ids=[f"{number} {each.topic}" for number, each in enumerate(MUSEUM, 1)]
)


def decoded(stored: Stored) -> PersonEvent:
    return decode_event(stored.topic, bytes(stored.state))


@each_stored_event
def test_an_event_is_read_and_written_as_it_was(stored: Stored) -> None:
    assert encode_event(decoded(stored)) == (stored.topic, bytes(stored.state))


@each_stored_event
def test_an_event_is_applied_to_anybody(stored: Stored) -> None:
    person = Person(uuid_of("ada"))

    person.apply(decoded(stored))

    assert person.version == 1


@each_stored_event
def test_the_library_maps_an_event_there_and_back(stored: Stored) -> None:
    mapper = PersonMapper()
    there = StoredEvent(uuid_of("ada"), 7, stored.topic, bytes(stored.state))

    placed = mapper.to_domain_event(there)

    assert isinstance(placed, PlacedEvent)
    assert (placed.originator_id, placed.originator_version) == (uuid_of("ada"), 7)
    assert mapper.to_stored_event(placed) == there


@pytest.mark.parametrize("topic", EVENT_CLASSES)
def test_the_museum_has_every_field_of_every_event(topic: str) -> None:
    """Where this fails, an event has a new shape: add a line, and change none that is there."""
    states: list[dict[str, Any]] = [
        msgspec.json.decode(each.state) for each in MUSEUM if each.topic == topic
    ]

    shown = {name for state in states for name in state}
    assert shown == {field.encode_name for field in msgspec.structs.fields(EVENT_CLASSES[topic])}


def test_the_museum_has_every_kind_of_origin() -> None:
    origins = [decoded(each).origin for each in MUSEUM]

    assert {each.actor.kind for each in origins} == {"key", "token", "system"}
    assert {each.cause is None for each in origins} == {True, False}
    assert {each.distinct_id is None for each in origins} == {True, False}


def test_a_topic_is_looked_up_and_never_imported() -> None:
    for topic in ("domain.events:Deleted", "os:system", "Deleted ", "deleted", "", "Event"):
        with pytest.raises(MapperDeserialisationError, match="unknown topic"):
            decode_event(topic, b"{}")


@pytest.mark.parametrize("state", [b"", b"{", b"{}", b"[]", b"null", b'{"origin": 1}', b"\xff"])
def test_what_does_not_fit_its_topic_is_refused(state: bytes) -> None:
    with pytest.raises(MapperDeserialisationError, match="Deleted: "):
        decode_event("Deleted", state)


def test_what_a_later_version_adds_is_left_aside() -> None:
    state = bytes(next(each.state for each in MUSEUM if each.topic == "Identified"))
    later = state.removesuffix(b"}") + b',"added_later":{"a":1}}'

    assert decode_event("Identified", later) == decode_event("Identified", state)
