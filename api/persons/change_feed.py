"""The change feed of a project: what happened to its persons, in the order of the log."""

import asyncio
from typing import Annotated, TypeAlias, cast

from msgspec import Meta, Struct

from api.auth import READ
from api.calls import Answer, Call
from api.errors import invalid, invalid_choice
from api.operations import Operation
from api.paging import After, Limit, link
from api.persons.told_events import ToldEvent
from api.positions import reached
from api.requests import Nothing
from domain.events import EVENT_CLASSES
from projections.feed import FeedPage, feed

MAX_PAGE = 1_000  # events, whatever limit is asked for
MAX_WAIT = 30.0  # seconds, whatever is asked for

Seconds: TypeAlias = Annotated[float, Meta(ge=0, description="seconds to wait for an event")]
Topic: TypeAlias = Annotated[
    str, Meta(description="a type of events", extra_json_schema={"enum": list(EVENT_CLASSES)})
]


class FeedQuery(Struct, frozen=True, kw_only=True):
    """From where to go on; `type` can be given several times, and leaves out all other types.

    `topic`, as types are called in the log, says the same.
    With `wait`, an answer that would be empty comes only with the next event, or at the end.
    """

    after: After = 0
    limit: Limit = 100
    wait: Seconds = 0.0
    type: list[Topic] = []
    topic: list[Topic] = []


class Changes(Struct, frozen=True, kw_only=True):
    """Events in the order of the log. `position` is from where to go on, also if `next` is null."""

    results: list[ToldEvent]
    position: int
    next: str | None


async def changes(call: Call[FeedQuery, Nothing]) -> Answer[Changes]:
    """GET persons/changes: what happened, with values before and after, and nothing left out."""
    _check_topics(call.query.type, "type")
    _check_topics(call.query.topic, "topic")
    page = await _next_page(call)
    following = None
    if page.position < page.head:
        following = link(call.request, after=page.position)
    results = cast(list[ToldEvent], page.events)
    return Answer(Changes(results=results, position=page.position, next=following))


def _check_topics(topics: list[str], attr: str) -> None:
    for topic in topics:
        if topic not in EVENT_CLASSES:
            raise invalid_choice(topic, attr)


async def _next_page(call: Call[FeedQuery, Nothing]) -> FeedPage:
    """Return the first page that has events; an empty one once it is no use to wait longer."""
    loop = asyncio.get_running_loop()
    end = loop.time() + min(call.query.wait, MAX_WAIT)
    page = await _page(call, call.query.after)
    while not page.events and loop.time() < end:
        if page.position == page.head:
            head = await reached(
                call.store,
                call.project.id,
                page.head + 1,
                seconds=end - loop.time(),
                gives_up=lambda: _is_over(call),
            )
            if head == page.head:
                break
        page = await _page(call, page.position)
    return page


async def _page(call: Call[FeedQuery, Nothing], after: int) -> FeedPage:
    limit = min(call.query.limit, MAX_PAGE)
    topics = call.query.type + call.query.topic
    page = await call.read(feed, after=after, limit=limit, topics=topics)
    if after > page.head:
        # To wait here would pass over what is going to stand at the positions up to `after`.
        raise invalid(f"The log has come to position {page.head} only.", "after")
    return page


async def _is_over(call: Call[FeedQuery, Nothing]) -> bool:
    """Tell whether nobody waits any more, or the service is about to stop."""
    return call.request.app.state.stopping.is_set() or await call.request.is_disconnected()


OPERATIONS = [
    Operation("GET", "persons/changes", "persons_changes_retrieve", changes, READ),
]
