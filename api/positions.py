"""Reading what one has written, wherever it was written: `X-Min-Position`."""

import asyncio

from api.errors import invalid, unavailable
from api.store import Store
from storage.log import head_position

PATIENCE = 2.0  # seconds
PAUSE = 0.02  # seconds between two looks
MAX_DIGITS = 18


async def wait_for_position(store: Store, project_id: int, header: bytes) -> None:
    """Return once reads see the log up to the position that `X-Min-Position` names.

    Raises:
        ApiError: 400, it names none; 503, the log did not come that far in time.
    """
    if not header.isdigit() or len(header) > MAX_DIGITS:
        raise invalid("X-Min-Position must be a position in the log.", "X-Min-Position")
    for _ in range(int(PATIENCE / PAUSE)):
        if await store.read(lambda c: head_position(c, project_id)) >= int(header):
            return
        await asyncio.sleep(PAUSE)
    raise unavailable()
