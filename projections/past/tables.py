"""The tables of the past of all persons: rows that are only ever added.

Of the rows of one person (or one distinct id, or one property) up to a position, the last counts.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    FromClause,
    Index,
    Integer,
    ScalarSelect,
    Table,
    Text,
    Uuid,
    select,
    text,
)

from projections.projection import metadata
from storage.values import UTCDateTime

KEY_SIZE = 64  # characters of a property's key that its index holds: keys may be of any length

past_lives = Table(
    "past_lives",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("created_at", UTCDateTime),
    Column("ahead", UTCDateTime),
    Index("past_lives_by_creation", "project_id", "created_at", "person_id", "position"),
    Index("past_lives_by_position", "project_id", "position", "created_at"),
    Index(
        "past_lives_ahead",
        *("project_id", "ahead", "person_id", "position"),
        sqlite_where=text("ahead IS NOT NULL"),
        postgresql_where=text("ahead IS NOT NULL"),
    ),
)
"""Since `position`, the person lives and was created at `created_at`; without it, is gone.

`ahead` is `created_at` where that is later than when it was recorded: clocks differ.
"""

past_distinct_ids = Table(
    "past_distinct_ids",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("distinct_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, nullable=False),
    Column("folded", Text),
    sqlite_with_rowid=False,
)
"""Since `position`, the distinct id belongs to this person, for as long as the person lives.

`folded` is the distinct id without upper case, where that is not the distinct id itself.
"""

past_texts = Table(
    "past_texts",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("text", Text),
    sqlite_with_rowid=False,
)
"""Since `position`, a search finds this folded text in the person.

`key` is one of SEARCHED.
"""

past_properties = Table(
    "past_properties",
    metadata,
    Column("project_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Uuid, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("key_rest", Text, nullable=False),
    Column("value", Text),
    sqlite_with_rowid=False,
)
"""Since `position`, the property has this value, as JSON text; without one, it is unset.

Its key is `key` and then `key_rest`: only a key of more than KEY_SIZE characters has a rest.
"""


def of_last_change(
    column: Column[Any], of: FromClause, project_id: Any, key: tuple[Any, Any], position: Any
) -> ScalarSelect[Any]:
    """Return a column of the last row of past_properties up to a position; NULL where none is.

    It is that of the person in the row of `of`, under a key, which is given in its two parts.
    """
    past = past_properties.c
    start, rest = key
    return (
        select(column)
        .where(
            past.project_id == project_id,
            past.person_id == of.c.person_id,
            past.key == start,
            past.key_rest == rest,
            past.position <= position,
        )
        .order_by(past.position.desc(), past.rank.desc())
        .limit(1)
        .correlate(of)
        .scalar_subquery()
    )
