"""Every promise in docs/promises.md names the tests that show it, and these are there."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "promises.md"
PROMISED, NOT_PROMISED = PAGE.read_text().split("## What is not promised")
ROWS = [
    line.strip("| ").rpartition(" | ")
    for line in PROMISED.splitlines()
    if line.startswith("| ") and not line.startswith("| It is promised that ")
]


@pytest.mark.parametrize(("promise", "shown"), [(row[0], row[2]) for row in ROWS])
def test_a_promise_is_shown_by_tests(promise: str, shown: str) -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", shown)

    assert named
    assert shown == ", ".join(f"`{file}::{test}`" for file, test in named)
    for file, test in named:
        assert test in functions(file), promise


def functions(file: str) -> set[str]:
    """Return the names of a file's functions."""
    tree = ast.parse((TESTS / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_row_is_looked_at() -> None:
    assert len(ROWS) == PROMISED.count("\n| ") - PROMISED.count("\n| It is promised that ")
    assert len(re.findall(r"^- \*\*", NOT_PROMISED, re.MULTILINE)) > 5
