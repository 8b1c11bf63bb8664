"""The picture of an identity: time goes from left to right, and each person is a trunk.

Distinct ids and merged persons come to it from below, at the event that brought them; what leaves
it goes on below, to the right.
"""

from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from api.web.identity_tree import Join, Part, Trunk
from api.web.names import Names

ROW = 28  # all lengths are pixels
LABELS = 250
RIGHT = 210
STEPS = (22, 110)  # at least and at most, from one event to the next
WIDTH = 1100  # that is filled, if the steps allow it
TOP = 22
BEND = 12
MOST = 30  # characters of a distinct id


class Line(NamedTuple):
    """A path; `position` is that of the event that made it, 0 for none."""

    d: str
    kind: str
    position: int = 0


class Label(NamedTuple):
    """A text: of a distinct id on the left, or of a person on the right."""

    x: int
    y: int
    text: str
    title: str
    kind: str
    href: str = ""


class Dot(NamedTuple):
    """An event, where it happened."""

    x: int
    y: int
    kind: str
    position: int


class Picture(Struct, kw_only=True):
    """What is drawn."""

    width: int = 0
    height: int = 0
    lines: list[Line] = []
    labels: list[Label] = []
    dots: list[Dot] = []


def picture(root: Trunk, positions: list[int], names: Names) -> Picture:
    """Return the picture of a tree; `positions` are those of all its events, in order."""
    painter = _Painter(positions, names)
    painter.paint(root, painter.right)
    return painter.picture


class _Painter:
    """Draws row by row: what came earlier stands higher, so that no line crosses a later one."""

    def __init__(self, positions: list[int], names: Names) -> None:
        least, most = STEPS
        room = WIDTH - LABELS - RIGHT
        self._step = min(max(room // max(len(positions), 1), least), most)
        self._places = {position: place for place, position in enumerate(positions)}
        self._names = names
        self.right = LABELS + self._step * len(positions) + self._step // 2
        self.picture = Picture(width=self.right + RIGHT, height=TOP)

    def paint(self, trunk: Trunk, end: int) -> int:
        """Draw a person up to `end`, and all that came to it; return the height it stands at."""
        y = self._row()
        born = self._x(trunk.born)
        first = trunk.distinct_ids[0] if trunk.distinct_ids else ""
        self._label(first, y)
        self._line(f"M{LABELS},{y} H{born}", "leaf")
        self._line(f"M{born},{y} H{end}", "trunk")
        if end == self.right:
            self._name(trunk.person, y)
        for distinct_id in trunk.distinct_ids[1:]:
            self._arrive(distinct_id, trunk.born or 0, y)
        for part in sorted(trunk.parts, key=lambda each: each.position):
            self._part(part, y)
        if trunk.born:
            self._dot(trunk.born, y, "born")
        for position, type in trunk.marks:
            self._dot(position, y, type.lower())
        return y

    def _part(self, part: Part | Join, y: int) -> None:
        if isinstance(part, Join):
            self._join(part, y)
        elif part.person is None:
            self._arrive(part.distinct_id, part.position, y)
        else:
            at = self._row()
            self._leave(part.position, y, at, "leaf")
            self._end(part.distinct_id, at, f"/persons/{part.person}")
            self._dot(part.position, y, "split")

    def _join(self, join: Join, y: int) -> None:
        x = self._x(join.position)
        kind = "forced" if join.is_forced else "trunk"
        at = self.paint(join.trunk, x - BEND)
        self._line(f"M{x - BEND},{at} Q{x},{at} {x},{at - BEND} V{y}", kind, join.position)
        self._dot(join.position, y, "forced" if join.is_forced else "merged")
        if join.taken_back:
            self._leave(join.taken_back, y, at, "trunk")
            self._name(join.trunk.person, at)
            self._dot(join.taken_back, y, "unmerged")

    def _arrive(self, distinct_id: str, position: int, y: int) -> None:
        at, x = self._row(), self._x(position)
        self._label(distinct_id, at)
        self._line(f"M{LABELS},{at} H{x - BEND} Q{x},{at} {x},{at - BEND} V{y}", "leaf", position)
        self._dot(position, y, "added")

    def _leave(self, position: int, y: int, at: int, kind: str) -> None:
        x = self._x(position)
        bend = f"V{at - BEND} Q{x},{at} {x + BEND},{at}"
        self._line(f"M{x},{y} {bend} H{self.right}", f"{kind} leaving", position)

    def _row(self) -> int:
        self.picture.height += ROW
        return self.picture.height - ROW // 2

    def _x(self, position: int | None) -> int:
        place = self._places.get(position or 0)
        return LABELS if place is None else LABELS + self._step * place + self._step // 2

    def _line(self, d: str, kind: str, position: int = 0) -> None:
        self.picture.lines.append(Line(d, kind, position))

    def _dot(self, position: int, y: int, kind: str) -> None:
        self.picture.dots.append(Dot(self._x(position), y, kind, position))

    def _label(self, text: str, y: int) -> None:
        label = Label(LABELS - 10, y, _short(text), text, "id")
        self.picture.labels.append(label)

    def _end(self, text: str, y: int, href: str) -> None:
        self.picture.labels.append(Label(self.right + 10, y, _short(text), text, "end", href))

    def _name(self, person: UUID, y: int) -> None:
        self._end(self._names.get(person, str(person)), y, f"/persons/{person}")


def _short(text: str) -> str:
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"
