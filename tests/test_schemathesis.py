"""The document and the service, held against each other by schemathesis on the live server."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.document.document import document
from api.routes import OPERATIONS, PUBLIC
from tests.databases import DATABASES, new_database
from tests.server import Server

# What is well-formed may still be refused, with a 400 that the document has: a time yet to come,
# a filter that cannot be asked, ids that exclude each other.
NOTHING: list[object] = ["", None, [], {}]  # what leaves nothing in an address
EXAMPLES = 8  # of each operation, on each database


@pytest.fixture(scope="module", params=DATABASES)
def live(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The service as a process, with a person to ask about."""
    with new_database(request) as url:
        server = Server(tmp_path_factory.mktemp("live"), url, LOG_LEVEL="warning")
        yield server
        server.kill()


schema = schemathesis.openapi.from_dict(document(OPERATIONS, PUBLIC))


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_the_service_does_what_its_document_says(case: Case[Any], live: Server) -> None:
    # What has no name or no value is as if it were not there, and so it is no mistake.
    assume(not any(each in NOTHING for each in [*case.query, *case.query.values()]))
    # The key that is put in below would mend what was left out to be refused.
    assume("Authorization" in case.headers or not case.operation.definition.raw.get("security", 1))
    case.headers.pop("X-Min-Position", None)  # a position yet to come would be waited for
    case.query.pop("wait", None)  # so would the next event
    secret = Server.token if case.path.startswith("/i/v1") else Server.key
    case.call_and_validate(
        base_url=live.url,
        headers={"Authorization": f"Bearer {secret}"},
        excluded_checks=[positive_data_acceptance],
    )
