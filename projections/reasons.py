"""Why a fact about a person is as it is here: the event of its stream that made it so."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from domain.events import Identified, LoggedEvent, PersonEvent, gained_ids
from domain.foreign import Disagreement
from domain.person import Person
from projections.history import changes
from storage import streams
from storage.mapper import logged_event
from storage.schema import ingestion_warnings

REFUSED = ("cannot_merge_already_identified", "cannot_merge_with_illegal_distinct_id")
_NAMES = (
    ("sourcePersonDistinctId", "targetPersonDistinctId"),
    ("illegalDistinctId", "otherDistinctId"),
)


class Refusals:
    """The merges that were refused in a project, by the distinct ids that they were to join."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        self._by_id: dict[str, dict[str, str]] = defaultdict(dict)
        given = ingestion_warnings.c
        query = select(given.type, given.distinct_id, given.details).where(
            given.project_id == project_id, given.type.in_(REFUSED)
        )
        for type_, distinct_id, details in connection.execute(query):
            said = msgspec.json.decode(details)
            for source, target in _NAMES:
                if source in said:
                    other = said.get(target) or distinct_id
                    self._by_id[said[source]][other] = type_
                    self._by_id[other][said[source]] = type_

    def between(self, distinct_id: str, others: Sequence[str]) -> str | None:
        """Return what refused to join a distinct id with one of some others; None for nothing."""
        refused = self._by_id.get(distinct_id, {})
        for other in others:
            if other in refused:
                return f"a merge of it with {other!r} was refused: {refused[other]}"
        return None


def stream(connection: Connection, project_id: int, person_id: UUID) -> list[LoggedEvent]:
    """Return the events of a person, newest first."""
    rows = streams.read(connection, project_id, person_id)
    return [logged_event(row) for row in reversed(rows)]


def why(
    difference: Disagreement, stream: Sequence[LoggedEvent], person: Person, refusals: Refusals
) -> str:
    """Return what made a fact about a person as it is here. `stream` has its newest event first."""
    key = difference.key or ""
    match difference.field:
        case "properties":
            top = key.partition(".")[0]
            touches = {key, top}
            made = _last(stream, lambda event: any(c["key"] in touches for c in changes(event)))
            return made or "no event here has ever set it"
        case "distinct_ids":
            made = _last(stream, lambda event: key in gained_ids(event))
            refused = refusals.between(key, person.distinct_ids)
            return made or refused or "no event here joins it with the person's other distinct ids"
        case "is_identified":
            made = _last(stream, lambda event: isinstance(event, Identified))
            return made or "no event here identifies the person"
        case _:
            at = person.created_at
            made = _last(stream, lambda event: getattr(event, "created_at", None) == at)
            return made or "the event that said so was erased"


def _last(stream: Sequence[LoggedEvent], is_wanted: Callable[[PersonEvent], bool]) -> str | None:
    for logged in stream:
        if is_wanted(logged.event):
            origin = logged.event.origin
            cause = f"{origin.cause.event} {origin.cause.uuid}" if origin.cause else "no event"
            name = type(logged.event).__name__
            return f"{name} at position {logged.position}, by {cause} of {origin.occurred_at}"
    return None
