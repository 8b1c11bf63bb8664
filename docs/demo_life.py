"""One life to look at in pictures: the changes of the last year, by the events' own clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from demo_service import Service

WHO = "florence@lamp.example"
VISITOR = "01a1f3ff-7b1e-7c4d-9a51-1f0c2b3d4e5f"
COLLEAGUE = "florence.n"
BEGIN = datetime.now(UTC).replace(hour=8, minute=30) - timedelta(days=365)

_STORY: list[tuple[int, str, str, dict[str, Any]]] = [
    (0, VISITOR, "$pageview", {"$set_once": {"referrer": "news.example"}}),
    (0, VISITOR, "$pageview", {"$set": {"$browser": "Firefox", "country": "IT"}}),
    (34, VISITOR, "trial begun", {"$set": {"plan": "trial", "seats": 1}}),
    (52, WHO, "$create_alias", {"alias": VISITOR}),
    (52, WHO, "signed up", {"$set": {"name": "Florence Nightingale", "email": WHO}}),
    (52, WHO, "$identify", {"$set": {"city": "Florence"}}),
    (75, WHO, "plan chosen", {"$set": {"plan": "free"}}),
    (110, WHO, "plan chosen", {"$set": {"plan": "pro", "seats": 3}}),
    (128, WHO, "moved", {"$set": {"city": "London", "country": "GB"}}),
    (150, WHO, "$pageview", {"$set": {"$browser": "Safari"}}),
    (160, WHO, "ward opened", {"$set": {"team": "Scutari"}}),
    (190, COLLEAGUE, "$pageview", {"$set": {"theme": "dark", "language": "en"}}),
    (205, WHO, "$merge_dangerously", {"alias": COLLEAGUE}),
    (221, WHO, "seats bought", {"$set": {"seats": 12}}),
    (240, WHO, "ward closed", {"$unset": ["team"]}),
    (262, WHO, "plan chosen", {"$set": {"plan": "team", "seats": 38}}),
    (290, WHO, "ward opened", {"$set": {"team": "St Thomas"}}),
    (300, WHO, "$set", {"$set": {"limits": {"exports": 10, "wards": ["A", "B", "C"]}}}),
    (316, WHO, "$pageview", {"$set": {"$browser": "Firefox", "theme": "light"}}),
    (348, WHO, "plan chosen", {"$set": {"plan": "enterprise"}}),
]


def live(service: Service) -> None:
    """Let one person live, who was two before."""
    happened = [
        {
            "distinct_id": distinct_id,
            "event": event,
            "properties": properties,
            "timestamp": (BEGIN + timedelta(days=day)).isoformat(),
        }
        for day, distinct_id, event, properties in _STORY
    ]
    for number in range(90):
        at = (BEGIN + timedelta(days=55 + number * 3.3, hours=number % 7)).isoformat()
        seen = {"$set": {"visits": number + 1}}
        happened.append({"distinct_id": WHO, "event": "visit", "properties": seen, "timestamp": at})
    service.capture_all(sorted(happened, key=lambda event: str(event["timestamp"])))
