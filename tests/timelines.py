"""Timelines as they go over the wire, for tests that compare them."""

import json
from datetime import datetime
from typing import Any

import msgspec

from api.persons.timeline_dates import parse
from domain.values import JSON
from projections.timeline import Insight, Timeline, insight, whole_life
from tests.lives import NOW, Lives

SEATS = json.dumps([{"key": "seats", "value": "zzz", "type": "person"}])
OPENED = json.dumps([{"id": "opened"}])
MARCH_1_TO_5 = {
    "events": OPENED,
    "properties": SEATS,
    "date_from": "2024-03-01",
    "date_to": "2024-03-05",
    "display": "ActionsTable",
}
"""What PostHog's own cases ask for, unless they say something else."""

BIRTH = "$creator_event_uuid"


def insight_of(project: Lives, **parameters: str) -> dict[str, Any]:
    """Return the timeline of ada that an insight asks for, at noon of March 31."""
    asked = parse({name: [text] for name, text in parameters.items()}, NOW)
    assert isinstance(asked, Insight)
    with project.database.reading() as connection:
        return _sent(insight(connection, project.project_id, project.person(), asked))


def life_of(
    project: Lives, *keys: str, distinct_id: str = "ada", now: datetime = NOW
) -> dict[str, Any]:
    """Return the timeline of a person's whole life."""
    person = project.person(distinct_id)
    with project.database.reading() as connection:
        return _sent(whole_life(connection, project.project_id, person, keys, now))


def _sent(timeline: Timeline) -> dict[str, Any]:
    """Return what is sent, but for the random uuid of the event that made the person."""
    sent: dict[str, Any] = json.loads(msgspec.json.encode(timeline))
    for point in sent["points"]:
        point["properties"].pop(BIRTH, None)
    return sent


def points(timeline: dict[str, Any], *keys: str) -> list[tuple[JSON, ...]]:
    """Return of each point its time, the values of these keys, and its count."""
    return [
        (each["timestamp"], *map(each["properties"].get, keys), each["relevant_event_count"])
        for each in timeline["points"]
    ]


def days(timeline: dict[str, Any]) -> list[tuple[int, dict[str, JSON], int]]:
    """Return of each point its day of the month, all properties, and its count."""
    return [
        (int(each["timestamp"][8:10]), each["properties"], each["relevant_event_count"])
        for each in timeline["points"]
    ]
