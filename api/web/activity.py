"""What was done in a project: through the API, or by anything."""

from typing import Any, ClassVar
from uuid import UUID

from msgspec import Struct

from api.auth import READ_ACTIVITY
from api.calls import Call
from api.paging import Limit
from api.persons.activity import ActivityQuery, done, links
from api.persons.diff import FROM_TO
from api.requests import Nothing
from api.web.addresses import local
from api.web.happenings import Happening, happening, mentioned
from api.web.names import names
from api.web.pages import Page, asking
from projections import activity_log
from projections.history import told

ACTIVITIES = sorted(activity_log.NAMES.values())


class Query(ActivityQuery, frozen=True, kw_only=True, rename=FROM_TO):
    """Which activities, as the API takes it, but more at once."""

    limit: Limit = 50


class View(Struct, frozen=True, kw_only=True):
    """What the page shows; `next` leads to what was done before."""

    query: Query
    total: int
    rows: list[Happening]
    next: str | None
    previous: str | None
    activities: ClassVar = ACTIVITIES

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter leaves something out."""
        asked = self.query
        return bool(asked.activity or asked.actor or asked.start or asked.end)


async def show(call: Call[Query, Nothing]) -> View:
    """GET /activity: what was done to all persons."""
    return View(**await found(call, None))


async def found(call: Call[Query, Nothing], person_id: UUID | None) -> dict[str, Any]:
    """Return what a view has of the activities of a person, or of all persons; newest first."""
    wanted: Call[ActivityQuery, Nothing] = asking(call, call.query, Nothing())
    total, rows = await done(wanted, person_id)
    events = [told(each.row) for each in rows]
    called = await names(call, [each for event in events for each in mentioned(event)])
    following, before = links(wanted, total)
    return {
        "query": call.query,
        "total": total,
        "rows": [happening(event, called) for event in events],
        "next": local(following),
        "previous": local(before),
    }


PAGES = [Page("/activity", show, READ_ACTIVITY, template="activity.html")]
