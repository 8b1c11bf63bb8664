"""What `persons import` says: everything that is not as the file has it, then what came of it."""

from collections import Counter
from typing import Any

import click
import msgspec
from msgspec import UNSET

from api.importing.foreign_persons import Skipped
from domain.foreign import Disagreement
from domain.values import encode
from domain.warnings import Warning

MAX_SHOWN = 60  # characters of a value in a line for people


class Report:
    """Prints each finding as it comes, and counts; as JSON there is one object a line."""

    def __init__(self, *, as_json: bool) -> None:
        self.counts: Counter[str] = Counter()
        self._as_json = as_json

    def skipped(self, skipped: Skipped) -> None:
        """Tell of something in the file that was not taken over."""
        self.counts["skipped"] += 1
        self._say("skipped", skipped._asdict(), f"{skipped.number}: {skipped.detail}")

    def refused(self, name: str, detail: str) -> None:
        """Tell of something that the store does not take."""
        self.counts["skipped"] += 1
        self._say("skipped", {"name": name, "detail": detail}, f"{name}: {detail}")

    def warning(self, warning: Warning) -> None:
        """Tell of something that was wrong with a captured event."""
        self.counts["warnings"] += 1
        text = f"{warning.type}: captured event {warning.cause} of {warning.distinct_id!r}"
        self._say("warning", msgspec.structs.asdict(warning), text)

    def disagreement(self, found: Disagreement) -> None:
        """Tell of a difference between a person in the file and ours."""
        self.counts["disagreements"] += 1
        said = {k: v for k, v in msgspec.structs.asdict(found).items() if v not in (None, UNSET)}
        self._say("disagreement", said, _in_words(found))

    def summary(self, facts: dict[str, Any], text: str) -> None:
        """Tell what came of all."""
        self._say("summary", facts, text)

    def _say(self, kind: str, facts: dict[str, Any], text: str) -> None:
        if self._as_json:
            click.echo(msgspec.json.encode({"kind": kind} | facts))
        else:
            click.echo(text if kind == "summary" else f"{kind} {text}")


def _in_words(found: Disagreement) -> str:
    field = found.field if found.key is None else f"{found.field} {found.key!r}"
    values = [
        f"{where}: {_shortened(value)}"
        for where, value in (("here", found.here), ("there", found.there))
        if value is not UNSET
    ]
    said = "; ".join([f"{field} {found.detail}", *values])
    return f"of person {found.person}: {said}" + (f" ({found.why})" if found.why else "")


def _shortened(value: Any) -> str:
    text = encode(value).decode()
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
