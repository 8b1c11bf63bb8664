"""New uuids that sort by time."""

import random
from datetime import datetime
from uuid import UUID


def new_uuid(at: datetime) -> UUID:
    """Return a new UUIDv7: 48 bits of time in milliseconds, then random ones. It is no secret.

    Source: RFC 9562, section 5.7.
    """
    # Asking the system for random bits would let another thread run, and wait until it gives way.
    value = int(at.timestamp() * 1000) << 80 | random.getrandbits(80)
    value = value & ~(0xF << 76) | 7 << 76  # the version
    value = value & ~(0b11 << 62) | 0b10 << 62  # the variant
    return UUID(int=value)
