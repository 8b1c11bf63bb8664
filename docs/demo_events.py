"""What befalls the people of the pictures: wrong merges, edits by hand, deletions, warnings."""

from typing import Any

from demo_service import Person, Service

BAD = 400  # and statuses above say no


def befall(service: Service) -> None:
    """Let it all happen; there is somebody of each kind afterwards."""
    ada = service.person("ada@analytical.example")
    path = f"/{ada['uuid']}"
    edits = {"plan": "enterprise", "owner": "Countess of Lovelace"}
    _done(service, path, "PATCH", {"properties": edits})
    _done(service, f"{path}/delete_property", "POST", {"$unset": ["referrer"]})
    for name in ("grace@cobol.example", "alan@enigma.example"):
        _merge(service, "ada@analytical.example", name)
    service.capture("alan@enigma.example", {"$set": {"plan": "pro", "city": "London"}})
    _take_back(service, ada)
    service.capture("ada@analytical.example", {"$set": {"seats": 20}}, "seats bought")
    for name, query in (("lise@fission.example", "?delete_events=true"), ("rózsa", "")):
        gone = service.persons(query={"search": name})["results"][0]
        _done(service, f"/{gone['uuid']}{query}", "DELETE")
    # An identified person cannot be merged away by $identify.
    service.capture(
        "mary@orbit.example", {"$anon_distinct_id": "emmy@symmetry.example"}, "$identify"
    )


def _merge(service: Service, into: str, source: str) -> None:
    service.capture(into, {"alias": source}, "$merge_dangerously")


def _take_back(service: Service, person: Person) -> None:
    path = f"/{person['uuid']}"
    first = service.persons(f"{path}/merges")["results"][-2]
    _done(service, f"{path}/unmerge", "POST", {"merge": first["merge"]})


def _done(service: Service, path: str, method: str, body: Any = None) -> None:
    path, _, query = path.partition("?")
    asked = dict(pair.split("=") for pair in query.split("&") if pair)
    status, _, content = service.ask(path, method=method, query=asked, body=body)
    if status >= BAD:
        raise SystemExit(f"{method} {path}: {status} {content}")
