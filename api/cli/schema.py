"""`persons schema`: the tables, as SQL."""

from collections.abc import Iterator

import click
from sqlalchemy import Table, make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from projections.rebuilding import shapes
from projections.views import PROJECTIONS
from storage import citus
from storage.schema import metadata

TABLES: list[Table] = [
    *metadata.tables.values(),
    shapes.views,
    *(table for each in PROJECTIONS for table in each.tables),
]
"""All tables there are."""


@click.command()
@click.option("--citus", "is_citus", is_flag=True, help="Print how Citus is to distribute them.")
def schema(is_citus: bool) -> None:
    """Print the tables as PostgreSQL's SQL; `persons serve` makes them by itself.

    With --citus, print what distributes them by project over the machines of a Citus cluster. Say
    it once the tables are there, and again after `persons rebuild`, which makes plain ones:

    \b
    persons schema --citus | psql "$DATABASE_URL"
    """
    for statement in citus.statements(TABLES) if is_citus else _definitions():
        click.echo(statement)


def _definitions() -> Iterator[str]:
    dialect = make_url("postgresql+psycopg://").get_dialect()()
    for table in TABLES:
        yield f"{str(CreateTable(table).compile(dialect=dialect)).strip()};\n"
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            yield f"{CreateIndex(index).compile(dialect=dialect)};\n"
