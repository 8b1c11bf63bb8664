"""The timeline as a table: the same values and marks as in the picture, newest first."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from msgspec import UNSET

from api.web.happenings import WORDS
from api.web.time_axis import Axis
from api.web.values import Value
from domain.values import JSON
from projections.swimlanes import Mark, Span


class Row(NamedTuple):
    """A value that a property had; UNSET where something happened to the person itself."""

    begin: datetime
    end: datetime | None
    what: str
    json: JSON

    @property
    def value(self) -> Value | None:
        """The value as pages show it. Of very many rows few are shown."""
        return None if self.json is UNSET else Value(self.json)


def rows(lanes: Mapping[str, list[Span]], marks: Iterable[Mark], axis: Axis) -> list[Row]:
    """Return all values and marks of a stretch of time, those that began last first."""
    found = [
        Row(span.begin, span.end, key, span.value)
        for key, spans in lanes.items()
        for span in spans
        if span.begin <= axis.end and (span.end is None or span.end >= axis.begin)
    ]
    found += [
        Row(mark.at, mark.at, WORDS[type(mark.event).__name__][0], UNSET)
        for mark in marks
        if axis.has(mark.at)
    ]
    return sorted(found, key=itemgetter(0), reverse=True)
