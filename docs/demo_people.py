"""People to show in pictures: they sign up, change their plans, and turn out to be one another."""

from typing import Any

from demo_service import Service

PEOPLE = [
    ("Ada Lovelace", "analytical.example", "NO", "team"),
    ("Grace Hopper", "cobol.example", "US", "pro"),
    ("Alan Turing", "enigma.example", "GB", "free"),
    ("Mary Somerville", "orbit.example", "GB", "pro"),
    ("Katherine Johnson", "orbit.example", "US", "team"),
    ("Emmy Noether", "symmetry.example", "DE", "free"),
    ("Hedy Lamarr", "hopping.example", "AT", "pro"),
    ("Radia Perlman", "spanning.example", "US", "team"),
    ("Sofja Kowalewskaja", "rotating.example", "SE", "pro"),
    ("Barbara Liskov", "subtype.example", "US", "team"),
    ("Lise Meitner", "fission.example", "AT", "free"),
    ("Rózsa Péter", "recursive.example", "HU", "pro"),
]


def bring_in(service: Service) -> None:
    """Let them all be captured, each first without a name."""
    for number, (name, company, country, _) in enumerate(PEOPLE):
        first = name.split()[0].lower()
        visitor = f"01a1f3c{number:x}-7b1e-7c4d-9a51-1f0c2b3d4e5f"
        email = f"{first}@{company}"
        service.capture_all(
            [
                _event(visitor, "$pageview", {"$set_once": {"referrer": "news.example"}}),
                _event(email, "$identify", {"$anon_distinct_id": visitor}),
                _event(email, "signed up", {"$set": {"name": name, "email": email}}),
                _event(email, "$set", {"$set": {"plan": "free", "country": country}}),
            ]
        )
    for name, company, _, plan in PEOPLE:
        email = f"{name.split()[0].lower()}@{company}"
        service.capture(email, {"$set": {"plan": plan, "seats": len(name)}}, "plan chosen")


def _event(distinct_id: str, event: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"distinct_id": distinct_id, "event": event, "properties": properties}
