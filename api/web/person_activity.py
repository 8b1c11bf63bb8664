"""The activity of a person: what was done to it, newest first."""

from api.auth import READ_ACTIVITY
from api.calls import Call
from api.requests import Nothing
from api.web import activity
from api.web.pages import Page
from api.web.person_header import Header, header


class View(activity.View, frozen=True, kw_only=True):
    """What the page shows of one person."""

    person: Header


async def show(call: Call[activity.Query, Nothing]) -> View:
    """GET /persons/:id/activity: what was done to a person."""
    person = await header(call)
    return View(person=person, **await activity.found(call, person.uuid))


PAGES = [Page("/persons/{id}/activity", show, READ_ACTIVITY, template="person_activity.html")]
