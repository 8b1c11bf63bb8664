"""JSON values as people read them: what kind they are, cut short, and whole."""

from typing import NamedTuple

import msgspec

from domain.values import JSON, encode

SHORT = 120  # characters


class Value(NamedTuple):
    """A value of a property."""

    json: JSON

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        match self.json:
            case None:
                return "null"
            case bool():
                return "true or false"
            case int() | float():
                return "number"
            case str():
                return "text"
            case list():
                return "list"
            case _:
                return "object"

    @property
    def is_text(self) -> bool:
        """Whether it is a text, and so stands for itself."""
        return isinstance(self.json, str)

    @property
    def text(self) -> str:
        """A text as it is, and the JSON text of anything else."""
        return self.json if isinstance(self.json, str) else self.exact

    @property
    def exact(self) -> str:
        """The JSON text."""
        return encode(self.json).decode()

    @property
    def whole(self) -> str:
        """The value in lines, where it has parts."""
        if isinstance(self.json, str):
            return self.json
        return msgspec.json.format(encode(self.json), indent=2).decode()

    @property
    def short(self) -> str:
        """The beginning, in one line."""
        line = self.text[: SHORT + 1].replace("\n", " ")
        return line if len(line) <= SHORT else f"{line[:SHORT]}…"

    @property
    def is_long(self) -> bool:
        """Whether more is to be seen than its beginning."""
        return self.whole != self.short


class Change(NamedTuple):
    """What a property was and is; None for no value."""

    key: str
    before: Value | None
    after: Value | None
