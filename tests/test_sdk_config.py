import json
import re
from urllib.parse import quote
from uuid import UUID

import pytest

from tests.capture_recorder import Client, Recorder

ODD_TOKENS = ["phc_t", '";alert(1)', "<script>&", "\u2028\u2029", "__proto__", "\0\\é😀"]


@pytest.fixture
def client() -> Client:
    return Client(Recorder())


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("token", ODD_TOKENS)
def test_the_config_stands_where_posthog_js_looks(client: Client, token: str, slash: str) -> None:
    answer = client.get(f"/array/{quote(token)}/config.js{slash}")
    found = re.fullmatch(
        r"\(window\._POSTHOG_REMOTE_CONFIG = window\._POSTHOG_REMOTE_CONFIG \|\| \{\}\)"
        r"\[(\"(?:[^\"\\]|\\.)*\")\] = (\{[^<>&]*\});\n",
        answer.text,
    )

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/javascript")
    assert found
    assert answer.text.isascii()
    assert json.loads(found[1]) == token
    config = client.get(f"/array/{quote(token)}/config{slash}").json()
    assert json.loads(found[2]) == {"config": config, "siteApps": []}
    assert config["token"] == token
    assert config["supportedCompression"] == ["gzip", "gzip-js"]
    assert config["hasFeatureFlags"] is False


@pytest.mark.parametrize("path", ["/flags", "/flags/?v=2"])
def test_there_are_no_flags(client: Client, path: str) -> None:
    answer = client.post(path, content=b"anything").json()

    assert answer.pop("requestId") != str(UUID(int=0))
    assert answer == {
        "flags": {},
        "featureFlags": {},
        "featureFlagPayloads": {},
        "errorsWhileComputingFlags": False,
    }


@pytest.mark.parametrize("path", ["/decide", "/decide/?v=3"])
def test_nothing_is_decided(client: Client, path: str) -> None:
    answer = client.post(path, content=b"data=e30=").json()

    assert answer["featureFlags"] == {}
    assert answer["supportedCompression"] == ["gzip", "gzip-js"]


@pytest.mark.parametrize("path", ["/_readiness", "/_liveness", "/_readiness/", "/_liveness/"])
def test_the_process_answers(client: Client, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.text) == (200, "ok")
