"""What somebody does with a Python client that was made of the document; prints what comes back.

It is no test of its own: `tests.test_generated_clients` makes the client, checks the types here
against it, and runs this.
"""

import json
import os
import sys
from typing import Final

from generated_client import AuthenticatedClient
from generated_client.api.persons import (
    persons_changes_retrieve,
    persons_history_retrieve,
    persons_list,
    persons_properties_timeline_retrieve,
    persons_retrieve,
    persons_update_property_create,
)
from generated_client.models import (
    Changes,
    Error,
    History,
    PersonPage,
    SinglePerson,
    Success,
    Timeline,
    UpdateBody,
)

PROJECT: Final = "@current"

with AuthenticatedClient(os.environ["STORY_URL"], os.environ["STORY_KEY"]) as client:
    page = persons_list.sync(PROJECT, client=client, search="ada")
    assert isinstance(page, PersonPage)
    (listed,) = page.results
    id = listed.uuid

    body = UpdateBody(key="plan", value="pro")
    updated = persons_update_property_create.sync_detailed(PROJECT, id, client=client, body=body)
    assert isinstance(updated.parsed, Success)
    position = int(updated.headers["X-Position"])

    person = persons_retrieve.sync(PROJECT, id, client=client, x_min_position=position)
    assert isinstance(person, SinglePerson)

    timeline = persons_properties_timeline_retrieve.sync(PROJECT, id, client=client, key=["plan"])
    assert isinstance(timeline, Timeline)

    history = persons_history_retrieve.sync(PROJECT, id, client=client)
    assert isinstance(history, History)

    changes = persons_changes_retrieve.sync(PROJECT, client=client, after=position - 1)
    assert isinstance(changes, Changes)

    missing = persons_retrieve.sync(PROJECT, 99, client=client)
    assert isinstance(missing, Error)

told = {
    "names": listed.distinct_ids,
    "plan": person.properties["plan"],
    "plans": [point.properties["plan"] for point in timeline.points],
    "history": [event.type_ for event in history.results],
    "changes": [change.key for event in changes.results for change in event.changes],
    "missing": missing.detail,
}
sys.stdout.write(json.dumps(told))
