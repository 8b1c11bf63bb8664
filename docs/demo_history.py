"""What an append-only log of events can do for persons: a story in five chapters.

Run `python docs/demo_history.py`: it starts a service of its own on a temporary database, and needs
nothing but the package.
"""

import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from demo_service import Person, Service, running

PAIRS = 500  # writes that are read back
BIRTH = "$creator_event_uuid"  # names the event that made a person: every captured person has it


def un_merge(service: Service) -> None:
    """N1. A wrong merge is taken back, exactly."""
    service.capture("alice", {"$set": {"name": "Alice", "plan": "pro", "phone": "555-1"}})
    service.capture("bob", {"$set": {"name": "Bob", "plan": "free"}})
    alice, bob = service.person("alice"), service.person("bob")
    tell("Alice and Bob:", shown(alice), shown(bob))

    service.capture("alice", {"alias": "bob"}, "$merge_dangerously")
    service.capture("bob", {"$set": {"plan": "team"}})
    service.capture("alice", {"$set": {"city": "Oslo"}})
    service.capture("alice", {"$unset": ["phone"]})
    tell("Merged by mistake, and three changes later:", shown(service.person("alice")))

    path = f"/{alice['uuid']}"
    (merge,) = service.persons(f"{path}/merges")["results"]
    body = {"merge": merge["merge"]}
    apart = service.persons(f"{path}/unmerge", method="POST", body=body)
    tell(f"POST :id/unmerge {json.dumps(body)}", shown(apart["survivor"]), shown(apart["restored"]))
    tell(*(f"  conflict: {json.dumps(each)}" for each in apart["conflicts"]))

    del alice["properties"]["phone"]
    alice["properties"]["city"] = "Oslo"
    bob["properties"]["plan"] = "team"
    for name, wanted in (("alice", alice), ("bob", bob)):
        now = service.person(name)
        tell(f"{name} as before, with the own changes since: {digest(wanted)}, now: {digest(now)}")


STEPS: list[tuple[str, str, dict[str, Any]]] = [
    ("anon-7", "$set", {"$set": {"referrer": "news"}}),
    ("anon-7", "$set", {"$set": {"email": "eve@example.com"}}),
    ("anon-7", "$set", {"$unset": ["email"]}),
    ("ada", "$set", {"$set": {"plan": "free"}}),
    ("ada", "$set", {"$set": {"plan": "pro"}}),
    ("ada", "$identify", {"$anon_distinct_id": "anon-7"}),
    ("ada", "$set", {"$set": {"plan": "team"}}),
]


def point_in_time(service: Service) -> None:
    """N2. What was true then, beside what PostHog's algorithm makes of the same events."""
    uuids: dict[str, str] = {}
    positions = []
    for number, (name, event, properties) in enumerate(STEPS, start=1):
        positions.append(service.capture(name, properties, event))
        uuids.setdefault(name, service.person(name)["uuid"])
        tell(f"step {number}: {name} {event} {json.dumps(properties)}")
    tell("(step 8, after the first answers: ada is deleted)")
    for name, step in (("anon-7", 3), ("ada", 5)):
        tell(f"{name} after step {step}:")
        tell(f"  by PostHog's algorithm: {json.dumps(guessed(STEPS[:step]))}")
        tell(f"  here: {then(service, uuids[name], positions[step - 1])}")
    service.persons(f"/{uuids['ada']}", method="DELETE")
    tell("ada after step 7, asked when she is deleted:", "  by PostHog's algorithm: nobody")
    tell(f"  here: {then(service, uuids['ada'], positions[6])}")


def guessed(steps: Sequence[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    """Return what PostHog's properties_at_time says: the `$set` of all events up to then of today's
    distinct ids. `$unset` does not count, and a merge was there from the beginning."""
    properties: dict[str, Any] = {}
    for _, _, sent in steps:
        properties |= sent.get("$set", {})
    return properties


def then(service: Service, uuid: str, position: int) -> str:
    """Return the properties of a person as they were at a position."""
    return json.dumps(plain(service.persons(f"/{uuid}", query={"as_of": position})))


def blame(service: Service) -> None:
    """N3. Who set each value, by what, what it was before, and by which merge it came."""
    service.capture("visitor", {"$set": {"color": "red"}}, "page seen")
    visitor = service.person("visitor")["uuid"]
    service.capture("carl", {"$set": {"plan": "free"}}, "signed up")
    service.capture("carl", {"$anon_distinct_id": "visitor"}, "$identify")
    path = f"/{service.person('carl')['uuid']}"
    service.persons(path, method="PATCH", body={"properties": {"plan": "pro"}})
    for each in service.persons(f"{path}/blame")["results"]:
        if each["key"] == BIRTH:
            continue
        tell(f"{each['key']} = {json.dumps(each['value'])}")
        tell(f"  set by {each['cause']['event']!r} of a {each['actor']['kind']}")
        if "before" in each:
            tell(f"  was {json.dumps(each['before'])}")
        if each["merged_from"]:
            tell(
                f"  came in by a merge from {'visitor' if each['merged_from'] == visitor else '?'}"
            )


def read_your_writes(service: Service) -> None:
    """N4. A read that names the position of a write sees that write, on any worker."""
    stale = 0
    position = service.capture("dora", {"$set": {"n": -1}})
    path = f"/{service.person('dora')['uuid']}"
    for number in range(PAIRS):
        position = service.capture("dora", {"$set": {"n": number}})
        _, _, person = service.ask(path, seen=position)
        stale += person["properties"]["n"] != number
    tell(f"{PAIRS} writes, each read back with its X-Position: {stale} stale reads")
    status, headers, _ = service.ask(path, seen=position + 1)
    tell(f"a position that does not come: {status}, Retry-After: {headers['Retry-After']}")


def difference(service: Service) -> None:
    """N5. What an import changed, for everybody and for one."""
    names = [f"user {number}" for number in range(1_500)]
    old = {"$set": {"plan": "free", "trial": True}}
    new = {"$set": {"plan": "pro", "seats": 5}, "$unset": ["trial"]}
    sent = {"event": "$set"}
    start = service.capture_all([{**sent, "distinct_id": n, "properties": old} for n in names])
    service.capture_all([{**sent, "distinct_id": n, "properties": new} for n in names[:1_204]])
    page = service.persons("/diff", query={"from": start, "limit": 1})
    counts = page["counts"]
    tell(f"What did the import change? {counts['changed']} persons, {counts['keys']} keys.")
    (first,) = page["results"]
    diff = service.persons(f"/{first['person']}/diff", query={"from": start})
    tell(f"One of them, {first['person']}:")
    tell(*(f"  + {key}: {json.dumps(value)}" for key, value in diff["added"].items()))
    tell(*(f"  - {key}: {json.dumps(value)}" for key, value in diff["removed"].items()))
    for key, each in diff["changed"].items():
        tell(f"  ~ {key}: {json.dumps(each['before'])} -> {json.dumps(each['after'])}")


def plain(person: Person) -> dict[str, Any]:
    """Return a person's properties, without the one that tells of its birth."""
    return {key: value for key, value in person["properties"].items() if key != BIRTH}


def shown(person: Person) -> str:
    """Return a line about a person."""
    ids = " + ".join(person["distinct_ids"])
    return f"  person {person['id']}, {ids}: {json.dumps(plain(person))}"


def digest(person: Person) -> str:
    """Return a digest of all that is shown of a person."""
    return sha256(json.dumps(person, sort_keys=True).encode()).hexdigest()[:12]


def tell(*lines: str) -> None:
    """Write lines."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    with running() as store:
        for chapter in (un_merge, point_in_time, blame, read_your_writes, difference):
            tell("", f"{chapter.__doc__}", "")
            chapter(store)
