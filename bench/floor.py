"""The floor: by hand, in plain SQL on the driver, the reads and writes that a batch needs.

It keeps the same rows in the same tables, with the same indexes, but makes no events, no decisions
and no digests: what it takes is what the database and the driver take. PostgreSQL gets arrays of
rows, SQLite row by row, as `executemany` has it.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg

from storage.sqlite import WRITER_PRAGMAS
from storage.values import time_text

encode, decode = msgspec.json.encode, msgspec.json.decode
EMPTY = bytes(32)
SALT = bytes(16)

POSTGRESQL = {
    "lock": """SELECT position, next_number,
        set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
        set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true),
        set_config('enable_material', 'off', true)
        FROM logs WHERE project_id = 1 FOR UPDATE""",
    "seen": """SELECT c.uuid FROM unnest(%b::uuid[]) AS n (uuid)
        LEFT JOIN captured_events AS c ON c.project_id = 1 AND c.uuid = n.uuid""",
    "load": """SELECT p.person_id, p.number, p.version, p.created_at, p.last_seen_at,
        p.is_identified, p.properties, d.distinct_id FROM unnest(%b::text[]) AS n (distinct_id)
        LEFT JOIN distinct_ids AS d ON d.project_id = 1 AND d.distinct_id = n.distinct_id
        LEFT JOIN persons AS p ON p.project_id = 1 AND p.person_id = d.person_id""",
    "events": """INSERT INTO events SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::uuid[],
        %b::bigint[], %b::text[], %b::text[], %b::timestamptz[], %b::bytea[], %b::bytea[],
        %b::bytea[])""",
    "persons": """INSERT INTO persons SELECT * FROM unnest(%b::bigint[], %b::uuid[], %b::bigint[],
        %b::bigint[], %b::timestamptz[], %b::timestamptz[], %b::timestamptz[], %b::boolean[],
        %b::text[], %b::text[]) ON CONFLICT (project_id, person_id) DO UPDATE SET
        version = excluded.version, properties = excluded.properties""",
    "captured": """INSERT INTO captured_events SELECT * FROM unnest(%b::bigint[], %b::uuid[],
        %b::text[], %b::text[], %b::uuid[], %b::bigint[], %b::timestamptz[], %b::timestamptz[],
        %b::text[], %b::bigint[], %b::int[])""",
    "past": """INSERT INTO past_properties SELECT * FROM unnest(%b::bigint[], %b::uuid[],
        %b::text[], %b::bigint[], %b::int[], %b::text[], %b::text[])""",
    "head": "UPDATE logs SET position = %s, digest = %s WHERE project_id = 1",
}
SQLITE = {
    "lock": "SELECT position, next_number FROM logs WHERE project_id = 1",
    "seen": """SELECT uuid FROM captured_events WHERE project_id = 1
        AND uuid IN (SELECT value FROM json_each(?))""",
    "load": """SELECT p.person_id, p.number, p.version, p.created_at, p.last_seen_at,
        p.is_identified, p.properties, d.distinct_id FROM json_each(?) AS n
        LEFT JOIN distinct_ids AS d ON d.project_id = 1 AND d.distinct_id = n.value
        LEFT JOIN persons AS p ON p.project_id = 1 AND p.person_id = d.person_id""",
    "events": "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "persons": """INSERT INTO persons VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (project_id, person_id) DO UPDATE SET
        version = excluded.version, properties = excluded.properties""",
    "captured": "INSERT INTO captured_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "past": "INSERT INTO past_properties VALUES (?, ?, ?, ?, ?, ?, ?)",
    "head": "UPDATE logs SET position = ?, digest = ? WHERE project_id = 1",
}


class Floor:
    """Batches by hand on a store that has its tables and persons."""

    def __init__(self, url: str) -> None:
        self._is_sqlite = url.startswith("sqlite")
        self._connection: Any
        if self._is_sqlite:
            self._connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            for pragma in WRITER_PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")
            self._sql = SQLITE
        else:
            self._connection = psycopg.connect(url)
            self._sql = POSTGRESQL

    def batch(self, names: list[str], value: int) -> Callable[[], None]:
        """Return what sets one property of each of these persons, in one transaction."""
        return partial(self._run, names, [uuid4() for _ in names], value)

    def _run(self, names: list[str], uuids: list[UUID], value: int) -> None:
        cursor = self._connection.cursor()
        if self._is_sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        position, *_ = cursor.execute(self._sql["lock"]).fetchone()
        cursor.execute(self._sql["seen"], (self._array([self._id(uuid) for uuid in uuids]),))
        cursor.fetchall()
        cursor.execute(self._sql["load"], (self._array(names),))
        self._write(cursor, cursor.fetchall(), uuids, position, value)
        self._connection.commit()

    def _write(
        self, cursor: Any, rows: list[Any], uuids: list[UUID], position: int, value: int
    ) -> None:
        now = datetime.now(UTC)
        at = time_text(now) if self._is_sqlite else now
        events, persons, captured, past = [], [], [], []
        for (uuid, number, version, born, seen, identified, text, name), event in zip(
            rows, uuids, strict=True
        ):
            properties = decode(text)
            change = {"p0": value}
            before = {"p0": properties["p0"]}
            properties |= change
            position += 1
            state = encode({"properties": change, "before": before, "cause": event, "at": now})
            place = (1, position, uuid, version + 1)
            events.append((*place, "PropertySet", state.decode(), at, EMPTY, SALT, None))
            past.append((1, uuid, "p0", position, 0, "", encode(value).decode()))
            after = encode(properties).decode()
            person = (1, uuid, number, version + 1, born, seen, at, identified, after, None)
            persons.append(person)
            sent = encode({"$set": change}).decode()
            kept = (1, self._id(event), "visit", name, uuid, version + 1)
            captured.append((*kept, at, at, sent, position, 0))
        self._insert(cursor, "events", events)
        self._insert(cursor, "persons", persons)
        self._insert(cursor, "captured", captured)
        self._insert(cursor, "past", past)
        cursor.execute(self._sql["head"], (position, EMPTY))

    def _insert(self, cursor: Any, table: str, rows: list[Any]) -> None:
        if self._is_sqlite:
            cursor.executemany(self._sql[table], rows)
        else:
            cursor.execute(self._sql[table], list(map(list, zip(*rows, strict=True))))

    def _array(self, values: list[Any]) -> Any:
        return encode(values).decode() if self._is_sqlite else values

    def _id(self, uuid: UUID) -> Any:
        return uuid.hex if self._is_sqlite else uuid

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
