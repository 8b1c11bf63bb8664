"""Many clients that write at once, and remember what they were answered."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import httpx

from tests.scenario import Event as Captured
from tests.scenario import event
from tests.server import Server

CLIENTS = 4
DAY = "2024-01-{:02}T00:00:00Z"
KINDS = ["visit", "$set", "$identify", "$create_alias", "$merge_dangerously"]
SOURCES = {
    "$identify": "$anon_distinct_id",
    "$create_alias": "alias",
    "$merge_dangerously": "alias",
}


@dataclass
class Sent:
    """Events sent with one request. `status` is None as long as there is no answer."""

    events: list[Captured]
    status: int | None = None

    @property
    def uuids(self) -> list[str]:
        return [each["uuid"] for each in self.events]


class Load:
    """Threads that write to a service until it goes away or they are stopped."""

    def __init__(self, server: Server) -> None:
        self.sent: list[Sent] = []
        self._server = server
        self._is_over = Event()
        self._answers = count(1)
        self._kills_after: int | None = None
        self._threads = [Thread(target=self._write, args=[seed]) for seed in range(CLIENTS)]

    @contextmanager
    def on(self) -> Iterator[None]:
        """Write meanwhile."""
        for thread in self._threads:
            thread.start()
        yield
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def kill(self, *, after: int) -> None:
        """Write, and kill the service the moment one of the clients has the so-manieth answer."""
        self._kills_after = after
        with self.on():
            for thread in self._threads:
                thread.join()

    def send_again(self) -> None:
        """Send what was not answered once more, as SDKs do."""
        with httpx.Client(base_url=self._server.url) as http:
            for sent in self.sent:
                if sent.status is None:
                    self._post(http, sent)

    @property
    def answered(self) -> set[str]:
        """The uuids of all events that were answered; all of them were accepted."""
        assert {sent.status for sent in self.sent} <= {200, None}
        return {uuid for sent in self.sent if sent.status for uuid in sent.uuids}

    def _write(self, seed: int) -> None:
        chance = random.Random(seed)
        with httpx.Client(base_url=self._server.url) as http:
            while not self._is_over.is_set():
                sent = Sent([_event(chance) for _ in range(chance.choice([1, 1, 2, 5]))])
                self.sent.append(sent)
                try:
                    self._post(http, sent)
                except httpx.TransportError:
                    return
                if next(self._answers) == self._kills_after:
                    self._server.kill()

    def _post(self, http: httpx.Client, sent: Sent) -> None:
        body = {"api_key": self._server.token, "batch": sent.events}
        sent.status = http.post("/batch/", json=body).status_code


def _event(chance: random.Random) -> Captured:
    """Return an event that changes some person: it sets a property that nothing else sets."""
    uuid, kind = str(uuid4()), chance.choices(KINDS, [8, 4, 2, 1, 1])[0]
    properties: dict[str, Any] = {"$set": {uuid: 1}}
    if kind in SOURCES:
        properties[SOURCES[kind]] = _name(chance)
    day = DAY.format(chance.randint(1, 28))
    return event(kind, _name(chance), properties, uuid=uuid, timestamp=day)


def _name(chance: random.Random) -> str:
    return f"{chance.choice('abcdef')}{chance.randrange(1_000)}"
