"""What a project can choose about its persons."""

from typing import Literal

from msgspec import Struct


class Settings(Struct, frozen=True, kw_only=True):
    """What a project chooses: `filter_noisy_properties` keeps new values of some properties out.

    `ordering`: which of two captured events decides a property's value, the one that arrives last
    or the one that occurred last. `display_name_properties`: the keys that name a person, the first
    with a value wins.
    """

    ordering: Literal["arrival", "event_time"] = "arrival"

    filter_noisy_properties: bool = True
    display_name_properties: list[str] = []
