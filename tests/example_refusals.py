"""How the service says no: the part of the story of `tests.example_story` that nobody likes."""

from api.databases import open_database
from api.settings import Settings
from tests import service
from tests.examples import NEVER, Recorder
from tests.project import new_project
from tests.server import Server

FORM = "application/x-www-form-urlencoded"
LARGE = {"properties": {"name": "x" * 21 * 2**20}}
WITH_TOKEN = {"Authorization": f"Bearer {Server.token}"}


def on_persons(recorder: Recorder, ada: str) -> None:
    """Let the operations on persons say no, once with each status."""
    recorder.refuse("persons_list", limit=0)
    recorder.refuse("persons_list", headers={"Authorization": "Bearer phx_unknown"})
    recorder.refuse("persons_list", project_id=new_project(recorder.client).id)
    recorder.refuse("persons_retrieve", id=99)
    recorder.refuse(NEVER)
    body = {"properties": {"plan": "free"}}
    recorder.refuse("persons_partial_update", body, id=ada, headers={"If-Match": '"1"'})
    recorder.refuse("persons_partial_update", body, id=ada, media=FORM)
    recorder.refuse("persons_partial_update", LARGE, id=ada)
    recorder.refuse("persons_list", headers={"X-Min-Position": "999"})


def on_capture(recorder: Recorder, v1_headers: dict[str, str]) -> None:
    """Let capture say no, in both its manners."""
    visit = {"event": "visit", "distinct_id": "mia"}
    for body in ({"api_key": Server.token}, {"api_key": "phc_unknown"} | visit, LARGE):
        recorder.refuse("capture_post", body)
    others = {"PostHog-Request-Id": v1_headers["PostHog-Request-Id"], "Content-Type": "text/plain"}
    for body, headers in (
        ({}, WITH_TOKEN | v1_headers),
        ({}, {"Authorization": ""} | v1_headers),
        (LARGE, WITH_TOKEN | v1_headers),
        ({}, WITH_TOKEN | v1_headers | others),
    ):
        recorder.refuse("capture_v1", body, headers=headers)


def on_limits(recorder: Recorder, database_url: str) -> None:
    """Let services with narrow limits say no."""
    for chosen in ({"persons_rate_limit": "1/hour"}, {"persons_query_seconds": 1e-4}):
        settings = Settings(database_url=database_url, **chosen)
        with service.serving(open_database(settings), settings, service.Clock()) as client:
            recorder.client = client
            recorder.send("persons_list")
            recorder.refuse("persons_list")
