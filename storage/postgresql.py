"""How a PostgreSQL database is opened: for the transactions of writers, and for readers."""

from typing import Any

from sqlalchemy import URL, ColumnElement, Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine.interfaces import IsolationLevel

from storage.columns import Array, ArrayDumper
from storage.deadlines import begin_limited

READING = "alembic_version"
"""The table that readers hold while they read. Citus distributes it never, so to hold it means to
ask no other machine."""


def open_engine(
    url: URL,
    isolation: IsolationLevel,
    *,
    connections: int,
    prepare_threshold: int | None,
) -> Engine:
    """Return an engine on a database.

    Its snapshots keep their tables: nobody swaps one for a new one until the transaction ends.
    """
    engine = create_engine(
        url,
        isolation_level=isolation,
        pool_size=connections,
        max_overflow=0,
        connect_args={"prepare_threshold": prepare_threshold},
    )
    event.listen(engine, "connect", _take_arrays)
    if isolation == "REPEATABLE READ":
        event.listen(engine, "begin", _begin_reading)
    return engine


def _take_arrays(driver: Any, _: object) -> None:
    driver.adapters.register_dumper(Array, ArrayDumper)


def _begin_reading(connection: Connection) -> None:
    """Let nobody swap a table for a new one until this transaction ends, and compile no queries.

    In the new one a snapshot would see no row that is younger than itself, so the lock comes before
    there is a snapshot. Who swaps, or does worse, can keep it waiting. What is read is short:
    compiling it would take longer.
    """
    begin_limited(connection)
    connection.exec_driver_sql("SET LOCAL jit = off")
    connection.exec_driver_sql(f"LOCK TABLE {READING} IN ACCESS SHARE MODE")


def read_in_order(connection: Connection) -> None:
    """Read along indexes from now on in this transaction, and stop at a limit; SQLite does.

    Until PostgreSQL has analysed a table that grows fast, it takes what a page is a part of for
    little, and would read and sort all of that.
    """
    if connection.dialect.name == "sqlite":
        return
    plans = ("sort", "hashjoin", "mergejoin", "bitmapscan")
    connection.execute(select(*switched_off(*(f"enable_{plan}" for plan in plans))))


def switched_off(*settings: str) -> list[ColumnElement[str]]:
    """Return columns to select: by that, these settings are off until the transaction ends."""
    return [func.set_config(each, "off", True) for each in settings]
