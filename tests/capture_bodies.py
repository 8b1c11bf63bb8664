"""Bodies of capture requests, and what capture v0 makes of them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from api.capture.errors import CaptureError
from api.capture.v0 import Delivery, translate

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def event(**fields: Any) -> dict[str, Any]:
    """Return W's event B, with these fields; one that is ... is left out."""
    base = {"api_key": "phc_t", "event": "visit", "distinct_id": "mia", "properties": {"q": "é"}}
    return {name: value for name, value in (base | fields).items() if value is not ...}


def batch(*events: Any, **fields: Any) -> dict[str, Any]:
    return {"api_key": "phc_t", "batch": list(events)} | fields


def delivered(body: Any, default_event: str | None = None) -> Delivery:
    return translate(json.dumps(body).encode(), query={}, now=NOW, default_event=default_event)


def refusal(body: Any) -> tuple[int, str]:
    with pytest.raises(CaptureError) as refused:
        delivered(body)
    return refused.value.status, refused.value.detail
