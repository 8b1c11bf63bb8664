"""Ingestion warnings as they are kept and read back."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, select

from domain.values import encode
from domain.warnings import Warning
from storage.schema import ingestion_warnings
from storage.statements import Insert

_insert = Insert(ingestion_warnings)


def keep(
    connection: Connection, project_id: int, warnings: Iterable[Warning], at: datetime
) -> None:
    """Write warnings, recorded at this time."""
    rows = [
        (project_id, at, uuid4(), each.type, each.distinct_id, encode(each.details).decode())
        for each in warnings
    ]
    _insert.run(connection, rows)


def read(
    connection: Connection, project_id: int, *, since: datetime, limit: int
) -> Sequence[Row[Any]]:
    """Return the newest `limit` warnings recorded at `since` or later, newest first."""
    query = (
        select(ingestion_warnings)
        .where(
            ingestion_warnings.c.project_id == project_id,
            ingestion_warnings.c.recorded_at >= since,
        )
        .order_by(ingestion_warnings.c.recorded_at.desc(), ingestion_warnings.c.id)
        .limit(limit)
    )
    return connection.execute(query).all()
