"""The `eventsourcing` library as it comes: its aggregates, its mapper, its PostgreSQL recorder."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event


class StockPerson(Aggregate):
    """A person as the library's tutorial would have it."""

    @event("Created")
    def __init__(self) -> None:
        self.properties: dict[str, Any] = {}

    @event("PropertySet")
    def set_property(self, name: str, value: Any) -> None:
        """Set one property."""
        self.properties[name] = value


class Stock:
    """Persons in the library's own application."""

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite"):
            settings = {
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": url.removeprefix("sqlite:///") + ".stock",
            }
        else:
            parts = urlsplit(url)
            settings = {
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": parts.path.removeprefix("/"),
                "POSTGRES_HOST": str(parts.hostname),
                "POSTGRES_PORT": str(parts.port),
                "POSTGRES_USER": str(parts.username),
                "POSTGRES_PASSWORD": parts.password or "none",
            }
        self._application: Application[UUID] = Application(settings)

    def create(self, properties: dict[str, Any], count: int) -> list[UUID]:
        """Create persons, each of their properties by a change of its own; return their ids."""
        persons = [StockPerson() for _ in range(count)]
        for person in persons:
            for name, value in properties.items():
                person.set_property(name, value)
        self._application.save(*persons)
        return [each.id for each in persons]

    def batch(self, ids: list[UUID], value: int) -> None:
        """Set one property of each of these persons, in one transaction."""
        persons: list[StockPerson] = [self._application.repository.get(each) for each in ids]
        for person in persons:
            person.set_property("p0", value)
        self._application.save(*persons)

    def close(self) -> None:
        """Close the application."""
        self._application.close()
