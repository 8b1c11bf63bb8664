"""Ingestion warnings: what was wrong with captured events, by its kind."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Row

from api.auth import READ
from api.calls import Answer, Call
from api.operations import Operation
from api.persons.shapes import UTC, Text
from api.requests import Nothing
from storage import ingestion_warnings

WINDOW = timedelta(days=30)
MAX_WARNINGS = 10_000  # the newest that are looked at


class IngestionWarning(Struct, frozen=True, kw_only=True):
    """One warning."""

    type: str
    timestamp: UTC
    details: Text


class WarningSummary(Struct, frozen=True, kw_only=True, rename={"last_seen": "lastSeen"}):
    """All warnings of one kind, newest first; `sparkline` counts them by day, oldest first."""

    type: str
    last_seen: UTC
    count: int
    sparkline: list[tuple[date, int]]
    warnings: list[IngestionWarning]


class WarningSummaries(Struct, frozen=True, kw_only=True):
    """The kinds of warnings of the last 30 days, the one that was seen last first."""

    results: list[WarningSummary]


async def list_warnings(call: Call[Nothing, Nothing]) -> Answer[WarningSummaries]:
    """GET ingestion_warnings: what was wrong with captured events in the last 30 days."""
    rows = await call.read(ingestion_warnings.read, since=call.at - WINDOW, limit=MAX_WARNINGS)
    # Sorting keeps the order of equals: within a type the newest stays first.
    by_type = groupby(sorted(rows, key=attrgetter("type")), key=attrgetter("type"))
    summaries = [_summary(type, list(group)) for type, group in by_type]
    summaries.sort(key=attrgetter("last_seen"), reverse=True)
    return Answer(WarningSummaries(results=summaries))


def _summary(type: str, rows: Sequence[Row[Any]]) -> WarningSummary:
    days = Counter(row.recorded_at.date() for row in rows)
    return WarningSummary(
        type=type,
        last_seen=rows[0].recorded_at,
        count=len(rows),
        sparkline=sorted(days.items()),
        warnings=[
            IngestionWarning(type=type, timestamp=row.recorded_at, details=msgspec.Raw(row.details))
            for row in rows
        ],
    )


OPERATIONS = [
    Operation("GET", "ingestion_warnings", "ingestion_warnings_list", list_warnings, READ),
]
