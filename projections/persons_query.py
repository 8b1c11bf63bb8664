"""What a list of persons is asked for, and whether one person belongs to it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.values import clean
from projections import searches
from projections.filters import Condition, Filter, text_matcher
from projections.person_rows import PersonRow
from projections.persons import MAX_INDEXED
from projections.texts import folded, written

MAX_AHEAD = timedelta(days=1)  # who was created later than that from now is not listed


class PersonsQuery(Struct, frozen=True, kw_only=True):
    """Which persons to list: those to which all that is given applies, newest first.

    `at` is now. `search`: a part of uuid, e-mail, name or a distinct id, in upper or lower case, in
    which `%` and `_` stand for themselves, other than at PostHog; `email` and `distinct_id`:
    exactly. `after`: when the person was created that the list goes on behind, and its uuid.
    """

    at: datetime
    search: str | None = None
    email: str | None = None
    distinct_id: str | None = None
    filters: list[Condition] = []
    limit: int = 100
    offset: int = 0
    after: tuple[datetime, UUID] | None = None

    @property
    def until(self) -> datetime:
        """The last creation time of those who are listed."""
        return self.at + MAX_AHEAD

    @property
    def searched(self) -> str:
        """What is searched for, as searches compare it; empty for nothing."""
        return folded(clean(self.search or "").strip())

    @property
    def owned(self) -> str | None:
        """The distinct id that is asked for, as it would be kept."""
        return None if self.distinct_id is None else clean(self.distinct_id)

    def conditions(self) -> list[Condition]:
        """Return all that properties have to be: the filters, and the e-mail if one is given."""
        if self.email is None:
            return self.filters
        return [*self.filters, Filter(key="email", value=clean(self.email))]

    def emails(self) -> Iterator[str]:
        """Yield what the column `email` has to be where the conditions are met."""
        for each in self.conditions():
            match each:
                # A number or a boolean has the same text, but is not in the column.
                case Filter(key="email", operator="exact", value=str(email)):
                    if written(email) is None:
                        yield email[:MAX_INDEXED]

    def texts(self) -> Iterator[str]:
        """Yield texts of which a search finds each in all persons listed, and in others too."""
        if self.searched:
            yield self.searched
        for each in self.conditions():
            match each:
                case Filter(operator="icontains" | "starts_with" | "ends_with", value=str(part)):
                    if each.key in searches.SEARCHED:
                        yield folded(part)

    def matcher(self) -> Callable[[PersonRow], bool]:
        """Return what tells whether a person is listed; it must have all its distinct ids."""
        meets_conditions = text_matcher(self.conditions(), at=self.at)
        until, after, owned, searched = self.until, self.after, self.owned, self.searched

        def matches(row: PersonRow) -> bool:
            return (
                row.created_at <= until
                and (after is None or (row.created_at, row.person_id) < after)
                and (owned is None or owned in row.distinct_ids)
                and meets_conditions(row.properties)
                and (not searched or _is_found(row, searched))
            )

        return matches


def _is_found(row: PersonRow, wanted: str) -> bool:
    properties = msgspec.json.decode(row.properties)
    return wanted in searches.text_of(row.person_id, properties) or any(
        wanted in folded(distinct_id) for distinct_id in row.distinct_ids
    )
