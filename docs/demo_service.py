"""The persons store for a demonstration: a service of its own, and a way to ask it by HTTP."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

KEY = "phx_" + "demo" * 10
TOKEN = "phc_" + "demo" * 10
NO_SUCH = 404

Person = dict[str, Any]


class Service:
    """The persons store, by HTTP."""

    def __init__(self, url: str, database_url: str) -> None:
        self.url = url
        self._database_url = database_url

    def verify(self) -> None:
        """Let all of it be verified, and signed before."""
        self.persons("/audit/checkpoint")
        command = [sys.executable, "-m", "api.cli", "verify"]
        environment = os.environ | {"DATABASE_URL": self._database_url}
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)

    def capture(self, distinct_id: str, properties: dict[str, Any], event: str = "$set") -> int:
        """Capture an event as an SDK does; return the position of the log that shows it."""
        return self.capture_all(
            [{"distinct_id": distinct_id, "event": event, "properties": properties}]
        )

    def capture_all(self, events: Sequence[dict[str, Any]]) -> int:
        """Capture events with one request."""
        _, headers, _ = self._send("POST", "/batch/", {"api_key": TOKEN, "batch": events})
        return int(headers["X-Position"])

    def person(self, distinct_id: str) -> Person:
        """Return the person behind a distinct id."""
        (found,) = self.persons(query={"distinct_id": distinct_id})["results"]
        person: Person = self.persons(f"/{found['uuid']}")
        return person

    def persons(
        self, path: str = "", *, query: dict[str, Any] | None = None, **options: Any
    ) -> Any:
        """Return what the persons API answers; None if there is no such person."""
        status, _, content = self.ask(path, query=query, **options)
        return None if status == NO_SUCH else content

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        query: dict[str, Any] | None = None,
        body: Any = None,
        seen: int | None = None,
    ) -> tuple[int, Any, Any]:
        """Return status, headers and content; `seen` is a position that the answer must show."""
        address = f"/api/projects/@current/persons{path}?{urlencode(query or {})}"
        headers = {} if seen is None else {"X-Min-Position": str(seen)}
        return self._send(method, address, body, headers)

    def _send(
        self, method: str, path: str, body: Any, more: dict[str, str] | None = None
    ) -> tuple[int, Any, Any]:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, headers | (more or {}), method=method)
        try:
            with urlopen(request) as answer:
                return answer.status, answer.headers, json.loads(answer.read() or b"null")
        except HTTPError as error:
            with error:
                return error.code, error.headers, json.loads(error.read())


@contextmanager
def running() -> Iterator[Service]:
    """Start the service on a free port and a temporary database; stop it in the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with TemporaryDirectory() as folder:
        secrets = {"PERSONS_API_KEY": KEY, "PERSONS_PROJECT_TOKEN": TOKEN}
        command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
        database_url = f"sqlite:///{folder}/persons.db"
        process = subprocess.Popen(
            [*command, "--database-url", database_url],
            env=os.environ | secrets,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield _ready(Service(f"http://127.0.0.1:{port}", database_url), process)
        finally:
            process.terminate()
            process.wait()


def _ready(service: Service, process: "subprocess.Popen[bytes]") -> Service:
    while process.poll() is None:
        try:
            urlopen(f"{service.url}/_readyz").close()
        except URLError:
            time.sleep(0.05)
        else:
            return service
    raise SystemExit("the service did not start: is the package installed?")
