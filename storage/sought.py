"""What is looked for in a database that erased persons, and how it is recognised in a text.

- each distinct id, and each text of at least WHOLE characters that was a property's value: as a
  whole text, a whole line of one, or a whole string in JSON;
- of these, what looks like an e-mail address or has at least TELLING characters: anywhere.

Upper and lower case are the same. Shorter texts tell nobody from others: "pro" is everywhere.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import re2

from domain.values import encode

WHOLE = 6  # characters
TELLING = 16  # characters

_EMAIL = re.compile(r"\S+@\S+\.\S+")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_NOTHING = r"[^\x00-\x{10FFFF}]"

_OPTIONS = re2.Options()
_OPTIONS.max_mem = 1 << 28  # bytes
_OPTIONS.longest_match = True


class Wanted(NamedTuple):
    """The values of one person to look for: `persons` are the uuids under which its data stood.

    `left_out` is how many distinct ids belong to others by now.
    """

    project_id: int
    persons: Collection[UUID]
    distinct_ids: Collection[str]
    texts: Collection[str]
    left_out: int = 0

    def values(self) -> set[str]:
        """Return all that is looked for."""
        whole = (text for text in self.texts if len(text) >= WHOLE)
        return {*filter(None, self.distinct_ids), *whole}


class Sought:
    """The values of several persons; these are numbered as they are given."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self._whole: defaultdict[str, set[int]] = defaultdict(set)
        self._anywhere: defaultdict[str, set[int]] = defaultdict(set)
        for number, each in enumerate(wanted):
            for value in each.values():
                for form in _forms(value):
                    self._whole[form].add(number)
                    if len(value) >= TELLING or _EMAIL.search(value):
                        self._anywhere[form].add(number)
        self._add_contained()
        self._part = _compiled(self._anywhere)
        whole = "|".join(_escaped(self._whole))
        self._any = re2.compile(f'(?m)(?:^|")(?:{whole})(?:"|$)|{self._part.pattern}', _OPTIONS)

    def is_in(self, texts: Iterable[Any]) -> bool:
        """Tell whether one of the values is in one of the texts; None is no text."""
        joined = "\n".join(str(text) for text in texts if text is not None)
        return self._any.search(joined.casefold().encode()) is not None

    def whose(self, text: str) -> set[int]:
        """Return the numbers of the persons of whom a value is in a text."""
        folded = text.casefold()
        found: set[int] = set()
        for whole in (*_STRING.findall(folded), *folded.split("\n"), folded):
            found |= self._whole.get(whole, set())
        for part in self._parts(folded):
            found |= self._anywhere[part]
        return found

    def _parts(self, folded: str) -> Iterator[str]:
        """Yield the longest value at each place of a text at which there is one."""
        place = 0
        while match := self._part.search(folded, place):
            yield match.group()
            place = match.start() + 1

    def _add_contained(self) -> None:
        """Let a value be found wherever a longer one is that begins with it."""
        lengths = {len(form) for form in self._anywhere}
        for form, numbers in self._anywhere.items():
            for start in {form[:length] for length in lengths}:
                numbers.update(self._anywhere.get(start, ()))


def _forms(value: str) -> set[str]:
    """Return a value as it may stand in a folded text: by itself, or in JSON."""
    return {value.casefold(), encode(value).decode()[1:-1].casefold()}


def _compiled(forms: Collection[str]) -> Any:
    return re2.compile("|".join(_escaped(forms)), _OPTIONS)


def _escaped(forms: Collection[str]) -> list[str]:
    return [re2.escape(form) for form in forms] or [_NOTHING]
