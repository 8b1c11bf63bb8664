"""The pages that every page leads to, and those that all pages of a person lead to."""

from typing import NamedTuple


class Entry(NamedTuple):
    """A link in the top bar; `icon` is a symbol in `icons.svg`."""

    path: str
    label: str
    icon: str


ENTRIES = [
    Entry("/persons", "Persons", "persons"),
    Entry("/activity", "Activity", "activity"),
    Entry("/changes", "Changes", "changes"),
    Entry("/merges", "Merges", "merges"),
    Entry("/warnings", "Warnings", "warnings"),
    Entry("/deletions", "Deletions", "deletions"),
    Entry("/audit", "Audit", "audit"),
]
"""All of them, in their order."""


class Tab(NamedTuple):
    """A page of a person; `path` is that behind the person's own."""

    path: str
    label: str


TABS = [
    Tab("", "Properties"),
    Tab("/timeline", "Timeline"),
    Tab("/history", "History"),
    Tab("/activity", "Activity"),
    Tab("/events", "Events"),
    Tab("/identity", "Identity"),
    Tab("/diff", "Compare"),
]
"""All of them, in their order."""
