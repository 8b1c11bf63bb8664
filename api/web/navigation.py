"""The pages that every page leads to."""

from typing import NamedTuple


class Entry(NamedTuple):
    """A link in the top bar; `icon` is a symbol in `icons.svg`."""

    path: str
    label: str
    icon: str


ENTRIES = [
    Entry("/persons", "Persons", "persons"),
    Entry("/activity", "Activity", "activity"),
]
"""All of them, in their order."""
