"""Between events and their stored form: a plain topic and a JSON text that a person can read."""

from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, MapperDeserialisationError, StoredEvent

from domain.events import EVENT_CLASSES, REDACTED, LoggedEvent, PersonEvent, PlacedEvent
from domain.values import encode

_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    topic: msgspec.json.Decoder(event_class) for topic, event_class in EVENT_CLASSES.items()
}


def encode_event(event: PersonEvent) -> tuple[str, bytes]:
    """Return the topic and the JSON text of an event."""
    return type(event).__name__, encode(event)


def decode_event(topic: str, state: bytes | str | None) -> PersonEvent:
    """Return the event that a topic and a JSON text say; REDACTED where the text was erased.

    Raises:
        MapperDeserialisationError: the topic is not one of ours, or the text does not fit it.
    """
    if state is None:
        return REDACTED
    decoder = _DECODERS.get(topic)
    if decoder is None:
        raise MapperDeserialisationError(f"unknown topic {topic!r}")
    try:
        event: PersonEvent = decoder.decode(state)
    except msgspec.MsgspecError as error:
        raise MapperDeserialisationError(f"{topic}: {error}") from error
    return event


def logged_event(row: Any) -> LoggedEvent:
    """Return the event that a row of the log holds.

    Raises:
        MapperDeserialisationError: see `decode_event`.
    """
    event = decode_event(row.topic, row.state)
    return LoggedEvent(row.person_id, row.version, event, position=row.position)


class PersonMapper(Mapper[UUID]):
    """The `eventsourcing` library's mapper port for our events.

    Topics are looked up in our own list and never imported: a stored topic cannot run code.
    """

    def __init__(self) -> None:
        """Be made without a transcoder: the library's own would take user data for its types."""

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Return a placed event in its stored form."""
        assert isinstance(domain_event, PlacedEvent)
        topic, state = encode_event(domain_event.event)
        return StoredEvent(
            originator_id=domain_event.person_id,
            originator_version=domain_event.version,
            topic=topic,
            state=state,
        )

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """Return the placed event that was stored.

        Raises:
            MapperDeserialisationError: see `decode_event`.
        """
        assert isinstance(stored_event.originator_id, UUID)
        event = decode_event(stored_event.topic, stored_event.state or None)
        return PlacedEvent(stored_event.originator_id, stored_event.originator_version, event)
