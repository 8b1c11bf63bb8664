"""Examples of operations: asking the service once, as its document says, and keeping both sides."""

import re
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import msgspec

from api.document.document import document
from api.document.examples import Example, Examples, shape_of
from api.routes import OPERATIONS, PUBLIC
from domain.values import encode
from tests.service import Client

JSON = "application/json"
CSV = "text/csv"
NEVER = "persons_create"
"""The operation that refuses all."""

DOCUMENT: dict[str, Any] = msgspec.json.decode(encode(document(OPERATIONS, PUBLIC)))

MINUTE = timedelta(minutes=1)
RANDOM = re.compile(
    r"""
    [0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}  # a uuid that no name makes
    | [0-9a-f]{32,}  # a hash, or what hides its content
    | [0-9]+[ ]seconds
    """,
    re.VERBOSE,
)

_PROJECT = {"project_id": 1}


class Told(NamedTuple):
    """What the document tells of an operation."""

    method: str
    path: str
    item: dict[str, Any]


TOLD = {
    item["operationId"]: Told(method.upper(), path, item)
    for path, methods in DOCUMENT["paths"].items()
    for method, item in methods.items()
    if not item["operationId"].startswith("environments_")
}
"""All operations by id; below environments stand the same."""


class Recorder:
    """Asks a service, and keeps what was asked and answered as examples."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.examples = Examples()

    def ask(
        self, id: str, body: Any = None, /, *, media: str = JSON, shows: str = "", **given: Any
    ) -> Any:
        """Ask an operation; return what it answers as JSON, or else as text.

        A minute has passed. Of a text, only the lines that have `shows` in them are kept.
        """
        assert self.client.clock.now
        self.client.clock.now += MINUTE
        answer = self.send(id, body, media=media, **given)
        assert answer.is_success or id == NEVER, answer.text
        example = self._example(id)
        named = {name: each for name, each in _named(given).items() if name != "headers"}
        example.parameters |= (_PROJECT if has_project(id) else {}) | named
        if body is not None:
            example.request[media] = body
        kind, content = _content(answer, shows)
        if kind:
            answers = example.answers.setdefault(str(answer.status_code), {})
            answers[kind] = content
            if CSV in told_answer(id, answer)["content"]:
                answers[CSV] = self.send(id, body, headers={"Accept": CSV}, **given).text
        return content

    def refuse(self, id: str, body: Any = None, /, **given: Any) -> None:
        """Ask an operation what it refuses, and keep how such is refused with that status."""
        answer = self.send(id, body, **given)
        assert answer.is_error, answer.text
        kind, content = _content(answer)
        shape = shape_of(told_answer(id, answer)["content"][kind]["schema"])
        self.examples.refusals.setdefault(shape, {})[str(answer.status_code)] = content

    def _example(self, id: str) -> Example:
        return self.examples.operations.setdefault(id, Example())

    def send(
        self, id: str, body: Any = None, /, *, media: str = JSON, headers: Any = None, **given: Any
    ) -> httpx.Response:
        """Send what an operation is asked, each parameter in its place."""
        told = TOLD[id]
        places = {each["name"]: each["in"] for each in told.item["parameters"]}
        by_place: dict[str, dict[str, Any]] = {"path": {**_PROJECT}, "query": {}, "header": {}}
        for name, value in _named(given).items():
            by_place[places[name]][name] = value
        is_form = media != JSON
        return self.client.request(
            told.method,
            told.path.format(**by_place["path"]),
            params=by_place["query"],
            headers=by_place["header"] | (headers or {}),
            data=body if is_form else None,
            json=None if is_form else body,
        )


def has_project(id: str) -> bool:
    """Tell whether an operation is one on a project, with an API key."""
    return "{project_id}" in TOLD[id].path


def told_answer(id: str, answer: httpx.Response) -> Any:
    """Return what the document says of such an answer."""
    return TOLD[id].item["responses"][str(answer.status_code)]


def _named(given: dict[str, Any]) -> dict[str, Any]:
    return {("from" if name == "since" else name.replace("__", "-")): given[name] for name in given}


def _content(answer: httpx.Response, shows: str = "") -> tuple[str, Any]:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == JSON:
        return kind, answer.json()
    return kind, "".join(line for line in answer.text.splitlines(keepends=True) if shows in line)


def masked(examples: Examples) -> Any:
    """Return examples without what is another each time: random uuids, hashes, signatures."""
    seen: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return seen.setdefault(found[0], f"random {len(seen) + 1}")

    def mask(value: Any) -> Any:
        match value:
            case dict():
                signed = {"checkpoint", "key"} if "checkpoint" in value else set()
                rest = {name: mask(value[name]) for name in value.keys() - signed - {"seconds"}}
                return rest | dict.fromkeys(signed, "random")
            case list():
                return [mask(each) for each in value]
            case str():
                return RANDOM.sub(number, value)
            case _:
                return value

    return mask(msgspec.to_builtins(examples))
