"""Waiting for the log to come to a position: for `X-Min-Position`, and for what comes next."""

import asyncio
from collections.abc import Awaitable, Callable

from api.errors import RETRY, ApiError, Error, invalid
from api.store import Store

PATIENCE = 5.0  # seconds that a read waits for its `X-Min-Position`
PAUSE = 0.02  # seconds between two looks
MAX_DIGITS = 18


async def wait_for_position(store: Store, project_id: int, header: bytes) -> None:
    """Return once reads see the log up to the position that `X-Min-Position` names.

    Raises:
        ApiError: 400, it names none; 503, the log did not come that far in time.
    """
    if not header.isdigit() or len(header) > MAX_DIGITS:
        raise invalid("X-Min-Position must be a position in the log.", "X-Min-Position")
    wanted = int(header)
    head = await reached(store, project_id, wanted, seconds=PATIENCE)
    if head < wanted:
        detail = f"The log has come to position {head}, not to {wanted} yet. Please try again."
        raise ApiError(503, Error("server_error", "service_unavailable", detail), RETRY)


async def _never() -> bool:
    return False


async def reached(
    store: Store,
    project_id: int,
    position: int,
    *,
    seconds: float,
    gives_up: Callable[[], Awaitable[bool]] = _never,
) -> int:
    """Return where the log stands, as soon as that is at a position or behind it.

    It is in front of it where the time is over, or `gives_up` says so.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    head = await store.head(project_id)
    while head < position and loop.time() < end and not await gives_up():
        await asyncio.sleep(PAUSE)
        head = await store.head(project_id)
    return head
