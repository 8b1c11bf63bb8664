"""How often an API key may ask: as often as it likes, unless the settings say otherwise."""

import math
import time

from api.errors import throttled


class Rates:
    """Counts the requests of each key, in this process, and refuses those that are too many."""

    def __init__(self, text: str | None) -> None:
        """Read limits such as `480/minute;4800/hour`; None for no limit."""
        if text is None:
            self._limiter = None
            return
        # Imported here: it takes a while, and most have no limit.
        from limits import parse_many  # noqa: PLC0415
        from limits.storage import MemoryStorage  # noqa: PLC0415
        from limits.strategies import MovingWindowRateLimiter  # noqa: PLC0415

        self._limits = parse_many(text)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, key_id: int) -> None:
        """Count a request of a key.

        Raises:
            ApiError: 429, there were too many; this one does not count.
        """
        if self._limiter is None:
            return
        key = str(key_id)
        for limit in self._limits:
            if not self._limiter.test(limit, key):
                until = self._limiter.get_window_stats(limit, key).reset_time
                raise throttled(max(1, math.ceil(until - time.time())))
        for limit in self._limits:
            self._limiter.hit(limit, key)
