"""Distinct ids: which uuid a person gets from one, and which can never join two persons."""

from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha1
from itertools import count
from uuid import UUID

from domain.values import JSON, encode

PERSON_NAMESPACE = UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
"""PostHog's namespace for the uuids of persons."""

MAX_LENGTH = 400  # code points of a distinct id that can take part in a merge

_PLAIN_FROM, _PLAIN_BELOW = 1e-6, 1e21  # JavaScript writes other numbers with an exponent

_ILLEGAL_IN_ANY_CASE = frozenset(
    {
        "anonymous",
        "guest",
        "distinctid",
        "distinct_id",
        "id",
        "not_authenticated",
        "email",
        "undefined",
        "true",
        "false",
    }
)
_ILLEGAL_AS_WRITTEN = frozenset({"[object Object]", "NaN", "None", "none", "null", "0"})


def person_uuid(project_id: int, distinct_id: str) -> UUID:
    """Return the uuid of the first person born with a distinct id: PostHog's UUIDv5."""
    return _uuid5(f"{project_id}:{distinct_id}")


def later_uuids(project_id: int, distinct_id: str) -> Iterator[UUID]:
    """Yield the uuids of the second, third, … person born with a distinct id, without end.

    A uuid is never used for a second life, so what was said about the dead stays about the dead.
    """
    for generation in count(2):
        yield _uuid5(f"{project_id}:{distinct_id}:{generation}")


def _uuid5(name: str) -> UUID:
    # uuid.uuid5 costs twice as much, and every captured event of a new distinct id needs one.
    digest = sha1(PERSON_NAMESPACE.bytes + name.encode(), usedforsecurity=False).digest()
    return UUID(bytes=digest[:16], version=5)


def is_illegal(distinct_id: str) -> bool:
    """Tell whether a distinct id can never take part in a merge, for strangers share it.

    Source: PostHog's list, see its ingestion service's `isDistinctIdIllegal`.
    """
    text = distinct_id
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return (
        text in _ILLEGAL_AS_WRITTEN
        or text.lower() in _ILLEGAL_IN_ANY_CASE
        or not distinct_id.strip()
        or "\0" in distinct_id
        or len(distinct_id) > MAX_LENGTH
    )


def javascript_text(value: JSON) -> str:
    """Return what JavaScript's String(value) gives, as PostHog reads the source of a merge."""
    match value:
        case str():
            return value
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case dict():
            return "[object Object]"
        case list():
            return ",".join("" if each is None else javascript_text(each) for each in value)
        case float():
            return _javascript_number(value)
        case _:
            return encode(value).decode()


def _javascript_number(value: float) -> str:
    if value == 0:
        return "0"
    if _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        # Of a whole number, repr has as many digits as tell it from others; zeros fill it up.
        return f"{Decimal(repr(value)):f}".removesuffix(".0")
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa}e{int(exponent):+d}"
