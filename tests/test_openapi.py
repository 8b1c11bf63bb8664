import re
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.document.document import MOUNTS, document
from api.operations import Operation
from api.routes import OPERATIONS, PUBLIC, ROUTES
from domain.values import encode

DOCUMENT: dict[str, Any] = msgspec.json.decode(encode(document(OPERATIONS, PUBLIC)))
METHODS = [
    (path, method, described)
    for path, methods in DOCUMENT["paths"].items()
    for method, described in methods.items()
    if "{project_id}" in path
]


def test_the_document_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_operation_stands_below_projects_and_environments() -> None:
    ids = [described["operationId"] for _, _, described in METHODS]

    named = [operation.id for operation in OPERATIONS]
    assert sorted(ids) == sorted([*named, *(f"environments_{each}" for each in named)])


def test_every_route_is_told() -> None:
    schema_pages = "/api/schema"
    old_name = "/api/person"
    stands = set()
    for route in ROUTES:
        path = re.sub(r":[a-z_]+}", "}", route.path).removesuffix("{suffix}").rstrip("/")
        for mount in MOUNTS if path.startswith("/api/{mount}") else [""]:
            stands.add(path.replace("/api/{mount}", mount))
    told = {path.rstrip("/") for path in DOCUMENT["paths"]}

    untold = {each for each in stands - told if not each.startswith(schema_pages)}
    assert {each for each in untold if not re.match(rf"{old_name}(/|$)", each)} == set()


def test_ids_are_given_once() -> None:
    every = [each for item in DOCUMENT["paths"].values() for each in item.values()]
    ids = [each["operationId"] for each in every]

    assert len(ids) == len(set(ids))
    assert all(each["summary"] for each in every)


@pytest.mark.parametrize(
    ("id", "method", "path"),
    [
        ("persons_list", "GET", "persons"),
        ("persons_retrieve", "GET", "persons/{id}"),
        ("persons_partial_update", "PATCH", "persons/{id}"),
        ("persons_update", "PUT", "persons/{id}"),
        ("persons_destroy", "DELETE", "persons/{id}"),
        ("persons_activity_retrieve", "GET", "persons/{id}/activity"),
        ("persons_all_activity_retrieve", "GET", "persons/activity"),
        ("persons_delete_property_create", "POST", "persons/{id}/delete_property"),
        ("persons_update_property_create", "POST", "persons/{id}/update_property"),
        ("persons_split_create", "POST", "persons/{id}/split"),
        ("persons_properties_timeline_retrieve", "GET", "persons/{id}/properties_timeline"),
    ],
)
def test_operations_have_posthogs_ids(id: str, method: str, path: str) -> None:
    (operation,) = (each for each in OPERATIONS if each.id == id)

    assert (operation.method, operation.path) == (method, path)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_an_operation_says_what_it_does(operation: Operation) -> None:
    documentation = operation.handler.__doc__ or ""

    methods = {"persons_update": "PATCH or PUT", "persons_partial_update": "PATCH or PUT"}
    method = methods.get(operation.id, operation.method)
    assert documentation.startswith(f"{method} {operation.path.replace('{id}', ':id')}: ")


@pytest.mark.parametrize(("path", "method", "described"), METHODS)
def test_every_operation_tells_its_refusals(
    path: str, method: str, described: dict[str, Any]
) -> None:
    told = set(described["responses"])

    assert {"400", "401", "403", "404", "503"} <= told
    assert ("requestBody" in described) == ("415" in told)


def test_query_parameters_are_described_from_their_struct() -> None:
    described = DOCUMENT["paths"]["/api/projects/{project_id}/persons/"]["get"]
    parameters = {each["name"]: each for each in described["parameters"]}

    assert parameters["limit"]["schema"]["default"] == 100
    assert parameters["limit"]["schema"]["minimum"] == 1
    assert parameters["include_total"]["schema"]["type"] == "boolean"


def test_lists_are_offered_as_csv() -> None:
    described = DOCUMENT["paths"]["/api/projects/{project_id}/persons/"]["get"]

    assert set(described["responses"]["200"]["content"]) == {"application/json", "text/csv"}
