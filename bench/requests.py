"""The requests of the benchmarks, as the bytes that a client sends."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import uuid4

from domain.values import JSON, Properties, encode

ITEM = {"sku": "A-4711-XL-BLUE", "name": "Rain jacket, blue, extra large", "price": 129.9}
CONTEXT: Properties = {
    "$python_runtime": "CPython",
    "$python_version": "3.11.7",
    "$os": "Linux",
    "$os_version": "12",
    "$os_distro": "Debian GNU/Linux",
    "$lib": "posthog-python",
    "$lib_version": "7.91.1",
    "$is_server": True,
    "$session_id": "0192f3c1-7b1e-7c4d-9a51-1f0c2b3d4e5f",
    "$groups": {"company": "company-128"},
    "$feature/new-checkout": "variant-b",
    "amount": 389.7,
    "currency": "EUR",
    "items": [ITEM, ITEM, ITEM],
    "shipping": {"method": "express", "country": "NO", "postal_code": "0150"},
    "path": "/checkout/confirmation?step=4&campaign=autumn",
    "took_milliseconds": 184,
}
"""What an event says besides its `$set`, so that it has about 1 kB."""


def captured(name: str, value: JSON) -> Properties:
    """Return an event that sets a property of the person with this distinct id."""
    return {
        "event": "order completed",
        "distinct_id": name,
        "uuid": str(uuid4()),
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {"$set": {"last_order": value}, **CONTEXT},
    }


def batch(token: str, names: Iterable[str], value: JSON) -> bytes:
    """Return the request that captures one event for each name."""
    events = [captured(name, value) for name in names]
    return post("/batch/", {"api_key": token, "historical_migration": False, "batch": events})


def single(token: str, name: str, value: JSON) -> bytes:
    """Return the request that captures one event."""
    return post("/i/v0/e/", {"api_key": token} | captured(name, value))


def post(path: str, body: JSON) -> bytes:
    """Return a POST request with a body in JSON."""
    text = encode(body)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: posthog-python/7.91.1\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


def get(path: str, key: str | None = None) -> bytes:
    """Return a GET request, with an API key if one is given."""
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
    if key:
        head += f"Authorization: Bearer {key}\r\n"
    return f"{head}\r\n".encode()
