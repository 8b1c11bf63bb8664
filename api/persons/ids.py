"""Which person a path means: by integer id or by uuid, everywhere."""

from typing import Any
from uuid import UUID

from api.calls import Call
from api.errors import invalid, not_found
from projections.known import Known, known
from projections.person_rows import PersonRow

UUID_DIGITS = 32


async def found(call: Call[Any, Any]) -> PersonRow:
    """Return the living person that the path names.

    Raises:
        ApiError: 400, the path names no person at all; 404, the project has no such person.
    """
    person = await call.store.person(call.project.id, parse(call.id))
    if person is None:
        raise not_found()
    return person


async def ever(call: Call[Any, Any], id: str | None = None) -> Known:
    """Return the person that the path names, or else `id`; also one deleted or merged away.

    Raises:
        ApiError: 400, that names no person at all; 404, the project never had such a person.
    """
    person = await call.read(known, parse(call.id if id is None else id))
    if person is None:
        raise not_found()
    return person


def parse(text: str) -> int | UUID:
    """Return the uuid, or else the number, that a text says.

    Raises:
        ApiError: 400, it says neither.
    """
    # A uuid has 32 digits, with or without what stands between them.
    kinds: tuple[type[int] | type[UUID], ...] = (UUID, int) if len(text) >= UUID_DIGITS else (int,)
    for kind in kinds:
        try:
            return kind(text)
        except ValueError:
            continue
    raise invalid(
        "The ID provided does not look like a personID. If you are using a distinctId,"
        f" please use /persons?distinct_id={text} instead."
    )
