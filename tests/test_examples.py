"""The document's examples: none is missing, and each is what the service says."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from api.document.examples import read
from tests.example_story import tell
from tests.examples import DOCUMENT, TOLD, masked

EXAMPLES = DOCUMENT["components"]["examples"]


def contents(id: str) -> Iterator[tuple[str, Any]]:
    """Yield all bodies that the document has for an operation, by their places."""
    item = TOLD[id].item
    for media, content in item.get("requestBody", {"content": {}})["content"].items():
        yield f"request {media}", content
    for status, answer in item["responses"].items():
        for media, content in answer.get("content", {}).items():
            yield f"{status} {media}", content


def example(content: Any) -> Any:
    """Return the example of a body, from where it is referred to."""
    return EXAMPLES[name(content)]["value"]


def name(content: Any) -> str:
    reference: str = content["examples"]["example"]["$ref"]
    return reference.rpartition("/")[2]


def mistakes(schema: Any, value: Any) -> list[str]:
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    return [error.message for error in validator.iter_errors(value)]


def test_the_examples_are_what_the_service_answers(database_url: str) -> None:
    assert masked(tell(database_url)) == masked(read())


@pytest.mark.parametrize("id", TOLD)
def test_an_operation_has_examples_that_fit_its_schemas(id: str) -> None:
    shown = {place: content for place, content in contents(id) if "examples" in content}

    assert {place for place, _ in contents(id)} - shown.keys() <= RARE
    for place, content in shown.items():
        assert place.partition(" ")[0] in name(content).split(".")
        assert mistakes(content["schema"], example(content)) == []
    for parameter in TOLD[id].item["parameters"]:
        if "example" in parameter:
            assert mistakes(parameter["schema"], parameter["example"]) == []
        assert "example" in parameter or not parameter["required"]


RARE = {
    "503 text/plain",  # capture, when the database does not answer
    "503 application/json",  # so does the service's health
}
"""What cannot be had from a service that is well."""
