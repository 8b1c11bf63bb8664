"""Ingestion warnings: what was wrong with a captured event that was nevertheless accepted."""

from uuid import UUID

from msgspec import Struct

from domain.values import Properties


class Warning(Struct, frozen=True, kw_only=True):
    """One warning under PostHog's name for it; `cause` is the captured event's uuid."""

    type: str
    distinct_id: str
    cause: UUID
    details: Properties
