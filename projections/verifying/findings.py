"""What a verification finds wrong."""

from typing import NamedTuple
from uuid import UUID


class Finding(NamedTuple):
    """Something that is not as it should be, and where."""

    project_id: int
    detail: str
    position: int | None = None
    person_id: UUID | None = None
