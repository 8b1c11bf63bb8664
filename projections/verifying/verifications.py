"""What verifications came to: the last of each project, and of all projects together."""

from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select

from domain.values import encode
from projections.verifying.verify import Report
from storage.engine import Database
from storage.schema import verifications
from storage.statements import Insert

ALL = 0
"""Stands for all projects: none has this id."""

_insert = Insert(verifications, on_conflict="replace")


class Summary(Struct, frozen=True, kw_only=True):
    """A verification without what it found: that may be personal, and is for who asked for it."""

    finished_at: datetime
    is_right: bool
    findings: int
    events: int
    persons: int
    rows: int
    checkpoints: int
    seconds: float
    heads: dict[int, str]


def keep(database: Database, report: Report, *, project_id: int | None, at: datetime) -> Summary:
    """Let a report be the last one of a project, or of all; return what is kept of it."""
    summary = Summary(
        finished_at=at,
        is_right=report.is_right,
        findings=len(report.findings),
        events=report.events,
        persons=report.persons,
        rows=report.rows,
        checkpoints=report.checkpoints,
        seconds=round(report.seconds, 3),
        heads=report.heads,
    )
    with database.writing() as connection:
        _insert.run(connection, [(project_id or ALL, at, encode(summary).decode())])
    return summary


def last(connection: Connection, project_id: int = ALL) -> Summary | None:
    """Return what the last verification of a project, or of all, came to; None before the first."""
    query = select(verifications.c.summary).where(verifications.c.project_id == project_id)
    text = connection.execute(query).scalar()
    return msgspec.json.decode(text, type=Summary) if text else None
