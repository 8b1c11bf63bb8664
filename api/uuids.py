"""New uuids that sort by time."""

import secrets
from datetime import datetime
from uuid import UUID


def new_uuid(at: datetime) -> UUID:
    """Return a new UUIDv7: 48 bits of time in milliseconds, then random ones.

    Source: RFC 9562, section 5.7.
    """
    value = int(at.timestamp() * 1000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 7 << 76  # the version
    value = value & ~(0b11 << 62) | 0b10 << 62  # the variant
    return UUID(int=value)
