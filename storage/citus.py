"""How the tables are distributed by Citus: each project's rows on one machine, all together."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Table

from storage.schema import logs


def is_distributed(table: Table) -> bool:
    """Tell whether a table's rows belong to projects; others are the same on every machine."""
    return next(iter(table.primary_key)).name == "project_id"


def statements(tables: Sequence[Table]) -> Iterator[str]:
    """Yield what makes Citus distribute tables, and moves what is in them.

    Tables that are distributed already are left as they are, so all can be said again.
    """
    # The log is the first that is distributed, and the others lie where it lies.
    for table in sorted(tables, key=lambda each: (is_distributed(each), each is not logs)):
        beside = "default" if table is logs else logs.name
        call = (
            f"create_distributed_table('{table.name}', 'project_id', colocate_with => '{beside}')"
            if is_distributed(table)
            else f"create_reference_table('{table.name}')"
        )
        known = f"SELECT FROM pg_dist_partition WHERE logicalrel = '{table.name}'::regclass"
        yield f"SELECT {call}\n  WHERE NOT EXISTS ({known});"
