from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import ApiError
from api.persons.list_cursors import Cursor, first, parse
from tests.test_person_shapes import person

FIRST = datetime(1, 1, 1, tzinfo=UTC)
DAYS = 3_652_000  # up to the year 9999

times = st.timedeltas(timedelta(0), timedelta(days=DAYS)).map(lambda since: FIRST + since)


@given(times, st.uuids())
def test_a_cursor_leads_behind_its_person(created_at: datetime, person_id: UUID) -> None:
    row = person()._replace(created_at=created_at, person_id=person_id)

    cursor = parse(first(5, row).behind(row).text())

    assert cursor
    assert (cursor.position, cursor.after) == (5, (created_at, person_id))


def test_a_first_page_begins_before_its_first_person() -> None:
    row = person()

    assert first(5, row).after == (row.created_at + timedelta(microseconds=1), UUID(int=0))


def test_a_page_that_began_in_the_middle_has_no_top() -> None:
    assert first(5, None).after is None


def test_no_text_is_no_cursor() -> None:
    assert parse("") is None


@pytest.mark.parametrize(
    "text", ["x", "abc", "é", "\ufffd", "W10", "bnVsbA", Cursor(-1, None).text(), "W" * 10_000]
)
def test_a_cursor_that_we_never_gave_out_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse(text)

    assert refused.value.error.attr == "cursor"


@pytest.mark.parametrize("microseconds", [-(10**18), 10**18, 10**30])
def test_a_cursor_beyond_all_times_is_refused(microseconds: int) -> None:
    with pytest.raises(ApiError):
        parse(Cursor(1, microseconds).text())
