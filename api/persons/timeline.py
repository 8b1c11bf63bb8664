"""The properties timeline of a person: its whole life, or what an insight asks for."""

from urllib.parse import parse_qs

from msgspec import Struct

from api.auth import READ
from api.calls import Answer, Call
from api.operations import Operation
from api.persons import timeline_dates
from api.persons.ids import found
from api.requests import Nothing
from projections import timeline
from projections.timeline import Timeline, WholeLife


class TimelineQuery(Struct, frozen=True, kw_only=True):
    """With `events`, `actions`, `properties` or `breakdown`: an insight, as PostHog has it.

    With none of them: the person's whole life, in which the properties named by `key` count.
    """

    key: list[str] = []
    events: str = ""
    actions: str = ""
    properties: str = ""
    breakdown: str = ""
    breakdown_type: str = ""
    date_from: str = ""
    date_to: str = ""
    interval: str = ""
    display: str = ""
    explicit_date: str = ""
    aggregation_group_type_index: str = ""


async def properties_timeline(call: Call[TimelineQuery, Nothing]) -> Answer[Timeline]:
    """GET persons/:id/properties_timeline: when properties changed, and how much happened then."""
    text = call.request.scope["query_string"].decode("utf-8", "replace")
    asked = timeline_dates.parse(parse_qs(text, keep_blank_values=True), call.at)
    person = await found(call)
    if isinstance(asked, WholeLife):
        return Answer(await call.read(timeline.whole_life, person, asked.keys, call.at))
    return Answer(await call.read(timeline.insight, person, asked))


OPERATIONS = [
    Operation(
        "GET",
        "persons/{id}/properties_timeline",
        "persons_properties_timeline_retrieve",
        properties_timeline,
        READ,
    ),
]
