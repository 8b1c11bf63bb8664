"""The list of persons: search, filters, columns of choice, pages, and the list as CSV."""

from typing import Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import Raw, Struct
from starlette.responses import Response

from api.auth import READ
from api.calls import Call
from api.paging import Limit, Offset
from api.persons.listing import ListQuery, list_csv, list_persons
from api.persons.shapes import UTC, ListedPerson
from api.places import PlaceText
from api.requests import Nothing
from api.web.addresses import local
from api.web.pages import Page, asked, asking
from api.web.property_filters import OPERATORS, Condition, chosen, in_json

_properties = msgspec.json.Decoder(dict[str, Raw])


class PersonsQuery(Struct, frozen=True, kw_only=True):
    """Whom the page shows and how; each filter is one of `key`, `operator` and `value`."""

    search: str = ""
    key: list[str] = []
    operator: list[str] = []
    value: list[str] = []
    column: list[str] = []
    limit: Limit = 50
    offset: Offset = 0
    cursor: str = ""
    as_of: PlaceText = ""


class Row(Struct, frozen=True, kw_only=True):
    """A person in the list. `cells` are the JSON texts of the chosen columns; None for no value."""

    uuid: UUID
    name: str
    distinct_ids: list[str]
    is_identified: bool
    first_seen: UTC
    last_seen: UTC
    cells: list[str | None]


class View(Struct, frozen=True, kw_only=True):
    """What the page shows. `next` and `previous` are addresses; None at the ends.

    `keys`: the properties that the persons on the page have, to filter by and to choose from.
    """

    query: PersonsQuery
    conditions: list[Condition]
    columns: list[str]
    keys: list[str]
    rows: list[Row]
    next: str | None
    previous: str | None
    curl: str
    operators: ClassVar = OPERATORS

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter leaves persons out."""
        return bool(self.query.search or self.conditions)

    def without(self, index: int) -> dict[str, list[str]]:
        """Return the query parameters of all conditions but one."""
        kept = self.conditions[:index] + self.conditions[index + 1 :]
        return {
            "key": [each.key for each in kept],
            "operator": [each.operator for each in kept],
            "value": [each.value for each in kept],
        }


async def show(call: Call[PersonsQuery, Nothing]) -> View:
    """GET /persons: a page of the list."""
    query = call.query
    conditions = chosen(query.key, query.operator, query.value)
    page = await asked(call, list_persons, _list_query(query, conditions), Nothing())
    columns = list(dict.fromkeys(filter(None, query.column)))
    properties = [_properties.decode(person.properties) for person in page.results]
    keys = {key for each in properties for key in each}
    return View(
        query=query,
        conditions=conditions,
        columns=columns,
        keys=sorted(keys | set(columns), key=lambda key: (key.startswith("$"), key)),
        rows=[
            _row(person, [each.get(column) for column in columns])
            for person, each in zip(page.results, properties, strict=True)
        ],
        next=local(page.next),
        previous=local(page.previous),
        curl=_curl(call),
    )


async def download(call: Call[PersonsQuery, Nothing]) -> Response:
    """GET /persons.csv: the whole list."""
    conditions = chosen(call.query.key, call.query.operator, call.query.value)
    query = _list_query(call.query, conditions)
    response = await list_csv(asking(call, query, Nothing()))
    response.headers["Content-Disposition"] = 'attachment; filename="persons.csv"'
    return response


def _list_query(query: PersonsQuery, conditions: list[Condition]) -> ListQuery:
    return ListQuery(
        search=query.search,
        properties=in_json(conditions),
        limit=query.limit,
        offset=query.offset,
        cursor=query.cursor,
        as_of=query.as_of,
    )


def _row(person: ListedPerson, values: list[Raw | None]) -> Row:
    name = person.name if isinstance(person.name, str) else msgspec.json.encode(person.name)
    return Row(
        uuid=person.uuid,
        name=name if isinstance(name, str) else name.decode(),
        distinct_ids=person.distinct_ids,
        is_identified=person.is_identified,
        first_seen=person.created_at,
        # It is kept to the hour: without this, some were last seen before they were first seen.
        last_seen=max(person.last_seen_at, person.created_at),
        cells=[None if value is None else _text(value) for value in values],
    )


def _text(value: Raw) -> str:
    """Return a value as one reads it in a table: a text as it is, others in JSON."""
    decoded: Any = msgspec.json.decode(value)
    return decoded if isinstance(decoded, str) else bytes(value).decode()


def _curl(call: Call[PersonsQuery, Nothing]) -> str:
    """Return the command that captures a first person."""
    site = call.request.app.state.site_url or str(call.request.base_url)
    event = {
        "api_key": call.project.token,
        "event": "signed up",
        "distinct_id": "mia",
        "$set": {"name": "Mia", "plan": "free"},
    }
    body = msgspec.json.encode(event).decode()
    return f"curl {site.rstrip('/')}/capture/ -d '{body}'"


PAGES = [
    Page("/persons", show, READ, template="persons.html"),
    Page("/persons.csv", download, READ),
]
