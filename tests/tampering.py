"""What somebody does to the database who can write to all of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    LargeBinary,
    Table,
    Text,
    Uuid,
    delete,
    insert,
    select,
    update,
)

from storage import chain, log
from storage.schema import events, logs
from storage.values import EPOCH, UTCDateTime

Attack = Callable[[Connection, int], None]
"""Changes something in one project."""

STRANGER = UUID(int=1)
FAR = 1_000  # further than any number in a test


def changed(at: int, /, **values: Any) -> Attack:
    """Give the event at a position other values."""

    def attack(connection: Connection, project_id: int) -> None:
        found = update(events).where(events.c.project_id == project_id, events.c.position == at)
        connection.execute(found.values(values))

    return attack


def flipped(position: int, column: str) -> Attack:
    """Change as little as can be of one value of an event."""

    def attack(connection: Connection, project_id: int) -> None:
        value = row_at(connection, project_id, position)[column]
        changed(position, **{column: other(events.c[column], value)})(connection, project_id)

    return attack


def erase(position: int, commitment: bytes | None = None) -> Attack:
    """Take away the state and the salt of an event, without an event that says so."""

    def attack(connection: Connection, project_id: int) -> None:
        row = row_at(connection, project_id, position)
        bound = commitment or chain.commit(row["salt"], row["state"].encode())
        changed(position, state=None, salt=None, commitment=bound)(connection, project_id)

    return attack


def replaced(position: int, old: str, new: str) -> Attack:
    """Put another text in the place of a part of a state."""

    def attack(connection: Connection, project_id: int) -> None:
        state = row_at(connection, project_id, position)["state"]
        assert old in state
        changed(position, state=state.replace(old, new))(connection, project_id)

    return attack


def without_head(connection: Connection, project_id: int) -> None:
    connection.execute(delete(logs).where(logs.c.project_id == project_id))


def removed(*positions: int) -> Attack:
    """Delete events."""

    def attack(connection: Connection, project_id: int) -> None:
        connection.execute(
            delete(events).where(
                events.c.project_id == project_id, events.c.position.in_(positions)
            )
        )

    return attack


def moved(old: int, new: int) -> Attack:
    """Put an event at another position."""
    return changed(old, position=new)


def swapped(one: int, two: int) -> Attack:
    """Let two events change places."""
    return all_of(moved(one, FAR), moved(two, one), moved(FAR, two))


def head(**values: Any) -> Attack:
    """Give the head of the log other values."""

    def attack(connection: Connection, project_id: int) -> None:
        connection.execute(update(logs).where(logs.c.project_id == project_id).values(values))

    return attack


def all_of(*attacks: Attack) -> Attack:
    """Do several things, one after the other."""

    def attack(connection: Connection, project_id: int) -> None:
        for each in attacks:
            each(connection, project_id)

    return attack


def rechained(connection: Connection, project_id: int) -> None:
    """Make positions, digests and the head right again, as the store itself would."""
    query = select(events.c.position).where(events.c.project_id == project_id)
    positions = connection.execute(query.order_by(events.c.position)).scalars().all()
    digest, row = chain.GENESIS, {"recorded_at": EPOCH}
    for position, old in enumerate(positions, start=1):
        moved(old, position)(connection, project_id)
        (found,) = log.read_links(connection, project_id, after=position - 1, limit=1)
        digest, row = chain.linked(digest, chain.said_by(found)), found._asdict()
        changed(position, digest=digest)(connection, project_id)
    values = {"position": len(positions), "digest": digest, "recorded_at": row["recorded_at"]}
    head(**values)(connection, project_id)


def row_at(connection: Connection, project_id: int, position: int) -> dict[str, Any]:
    """Return the event at a position."""
    query = select(events).where(events.c.project_id == project_id, events.c.position == position)
    return dict(connection.execute(query).one()._mapping)


def row_of(connection: Connection, project_id: int, table: Table) -> dict[str, Any]:
    """Return some row of a project in a view."""
    query = select(table).where(table.c.project_id == project_id).limit(1)
    return dict(connection.execute(query).one()._mapping)


def is_row(table: Table, row: dict[str, Any]) -> list[Any]:
    """Return the conditions that lead to a row."""
    return [column == row[column.name] for column in table.primary_key]


def other(column: Column[Any], value: Any) -> Any:
    """Return another value for a column, hardly different."""
    match column.type:
        case Uuid():
            return STRANGER
        case UTCDateTime():
            return (value or EPOCH) + timedelta(microseconds=1)
        case Boolean():
            return not value
        case LargeBinary():
            return bytes([value[0] ^ 1]) + value[1:]
        case Text():
            return f"{value or ''} "
        case _:
            return value + FAR


def change_row(connection: Connection, project_id: int, table: Table) -> str:
    """Change one value of a view's row, and return the name of its column."""
    row = row_of(connection, project_id, table)
    column = [each for each in table.columns if not each.primary_key][-1]
    changed = update(table).where(*is_row(table, row))
    connection.execute(changed.values({column.name: other(column, row[column.name])}))
    return column.name


def add_row(connection: Connection, project_id: int, table: Table) -> None:
    """Add a row like one that is there, under another key."""
    row = row_of(connection, project_id, table)
    for column in table.columns:
        is_unique = any(each.unique and column.name in each.columns for each in table.indexes)
        if column.name != "project_id" and (column.primary_key or is_unique):
            row[column.name] = other(column, row[column.name])
    connection.execute(insert(table).values(row))


def remove_row(connection: Connection, project_id: int, table: Table) -> None:
    """Delete a row of a view."""
    row = row_of(connection, project_id, table)
    connection.execute(delete(table).where(*is_row(table, row)))


def other_digit(text: str) -> str:
    """Return a text with its last digit changed, or else its last character."""
    digits = [place for place, each in enumerate(text) if each.isdigit()]
    place = digits[-1] if digits else len(text) - 1
    return f"{text[:place]}{'1' if text[place] != '1' else '2'}{text[place + 1 :]}"
