"""Headers and bodies of capture requests of version 1, and what capture makes of them."""

import json
from datetime import UTC, datetime
from typing import Any

from api.capture.v1 import Delivery, Sender, translate
from domain.captured import CapturedEvent

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
ELEVEN = "2024-06-01T11:00:00Z"
ADA = "0189c5de-0000-7000-8000-00000000000a"
EVE = "0189c5de-0000-7000-8000-00000000000E"
SENDER = Sender("phc_t", "posthog-python", "7.91.1", NOW)
LIBRARY = {"$lib": "posthog-python", "$lib_version": "7.91.1"}
HEADERS = {
    "authorization": "Bearer phc_t",
    "content-type": "application/json; charset=utf-8",
    "user-agent": "posthog-python/7.91.1",
    "posthog-sdk-info": "posthog-python/7.91.1",
    "posthog-attempt": "1",
    "posthog-request-id": ADA,
    "posthog-request-timestamp": "2024-06-01T12:00:00Z",
}


def event(**fields: Any) -> dict[str, Any]:
    """Return an event with these fields; one that is ... is left out."""
    base = {"event": "visit", "uuid": ADA, "distinct_id": "mia", "timestamp": ELEVEN}
    return {name: value for name, value in (base | fields).items() if value is not ...}


def delivered(*events: Any, sender: Sender = SENDER, **fields: Any) -> Delivery:
    body = {"created_at": ELEVEN, "batch": list(events)} | fields
    return translate(json.dumps(body).encode(), sender, now=NOW)


def captured(*, sender: Sender = SENDER, **fields: Any) -> CapturedEvent:
    return delivered(event(**fields), sender=sender).events[ADA]
