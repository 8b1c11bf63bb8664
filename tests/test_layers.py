import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ["domain", "storage", "projections", "api"]  # each knows itself and those before it
NEVER = {"tests", "bench"}
DOMAIN_MAY = {*sys.stdlib_module_names, "domain", "msgspec", "eventsourcing"}
NOT_A_NAME = {"utils", "helpers", "common", "manager"}
SOURCES = sorted(
    path.relative_to(ROOT) for layer in LAYERS for path in (ROOT / layer).rglob("*.py")
)


def imports(source: str) -> set[str]:
    """Return the top-level packages that a module names; "." for a relative import."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module if node.module and not node.level else ".")
    return {name.split(".")[0] or "." for name in names}


def wrong(layer: str, source: str) -> set[str]:
    """Return what a module of this layer must not import."""
    found = imports(source)
    later = set(LAYERS[LAYERS.index(layer) + 1 :])
    strangers = found - DOMAIN_MAY if layer == "domain" else set()
    return found & (later | NEVER | {"."}) | strangers


def test_imports_go_one_way() -> None:
    found = {path: wrong(path.parts[0], (ROOT / path).read_text()) for path in SOURCES}

    assert {str(path): names for path, names in found.items() if names} == {}


def test_a_module_is_named_after_what_it_holds() -> None:
    assert [path for path in SOURCES if NOT_A_NAME & {*path.parent.parts, path.stem}] == []


def test_every_layer_is_looked_at() -> None:
    assert {path.parts[0] for path in SOURCES} == set(LAYERS)


@pytest.mark.parametrize(
    ("layer", "source", "found"),
    [
        ("domain", "from storage.log import read", {"storage"}),
        ("domain", "import sqlalchemy", {"sqlalchemy"}),
        ("storage", "import os, projections.persons as p", {"projections"}),
        ("projections", "def f():\n    from api import app", {"api"}),
        ("projections", "from . import persons", {"."}),
        ("api", "from tests.server import Server", {"tests"}),
        ("domain", "import json\nimport msgspec\nfrom eventsourcing.domain import event", set()),
        ("api", "import starlette\nfrom domain import errors\nfrom storage import log", set()),
    ],
)
def test_an_import_against_the_arrow_is_found(layer: str, source: str, found: set[str]) -> None:
    assert wrong(layer, source) == found
