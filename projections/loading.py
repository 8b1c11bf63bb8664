"""Loading all persons of a batch: those named by distinct id, and those named by person id."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    Select,
    Text,
    bindparam,
    case,
    func,
    select,
)

from domain.captured import merge_source
from domain.commands import Capture, Command, ImportPerson
from domain.identity import person_uuid
from domain.loaded import Loaded
from domain.person import Person
from projections.owners import distinct_ids
from projections.persons import STATE, person_of, persons
from storage import streams
from storage.queries import Query, placed

_project_id: BindParameter[int] = bindparam("project_id", type_=BigInteger)


def load(connection: Connection, project_id: int, commands: Sequence[Command]) -> Loaded:
    """Return the persons that commands name, each once, also where several names lead to it.

    The sources of merges, and persons named by id or to be imported, come with all their distinct
    ids.
    """
    loaded = Loaded(owners={}, persons={}, free=set(), seen=set())
    names: dict[str, bool] = {}
    ids: set[UUID] = set()
    for command in commands:
        if isinstance(command, Capture):
            names.setdefault(command.captured.distinct_id, False)
            source = merge_source(command.captured)
            if source is not None:
                names[source] = True
        elif isinstance(command, ImportPerson):
            names |= dict.fromkeys(command.person.distinct_ids, True)
        else:
            ids.add(command.person_id)
    if ids:
        _load_by_id(connection, project_id, ids, loaded)
    if names:
        _load_by_name(connection, project_id, names, loaded)
    return loaded


def _load_by_name(
    connection: Connection, project_id: int, names: dict[str, bool], loaded: Loaded
) -> None:
    parameters = {
        "project_id": project_id,
        "names": sorted(names, key=names.__getitem__, reverse=True),
        "sources": sum(names.values()),
    }
    for name, ids, *snapshot in _by_name.run(connection, parameters):
        if snapshot[0] is not None:
            loaded.owners[name] = _remember(loaded, snapshot, ids)
    strangers = names.keys() - loaded.owners.keys()
    if strangers:
        first_ids = {name: person_uuid(project_id, name) for name in strangers}
        used = streams.existing(connection, project_id, first_ids.values())
        loaded.free = {name for name, first_id in first_ids.items() if first_id not in used}


def _load_by_id(
    connection: Connection, project_id: int, ids: Iterable[UUID], loaded: Loaded
) -> None:
    parameters = {"project_id": project_id, "ids": list(ids)}
    for row in connection.execute(_by_id(connection.dialect.name), parameters):
        *snapshot, ids_of_person = row
        person = _remember(loaded, snapshot, ids_of_person)
        loaded.owners |= dict.fromkeys(person.distinct_ids, person)


def snapshots(
    connection: Connection, project_id: int, person_ids: Iterable[UUID]
) -> dict[UUID, Person]:
    """Return those of the persons that live, by id, without their distinct ids."""
    query = select(*STATE).where(
        persons.c.project_id == project_id, persons.c.person_id.in_(list(person_ids))
    )
    return {row[0]: person_of(row) for row in connection.execute(query)}


def _remember(loaded: Loaded, snapshot: Sequence[Any], ids: Any) -> Person:
    person = person_of(snapshot)
    person = loaded.persons.setdefault(person.id, person)
    if ids is not None and not person.has_all_ids:
        person.distinct_ids = msgspec.json.decode(ids) if isinstance(ids, str) else ids
        person.has_all_ids = True
    return person


@Query
def _by_name(dialect: str) -> Select[Any]:
    name, place = placed(dialect, "names", Text)  # the sources of merges come first
    is_owner = (distinct_ids.c.project_id == _project_id) & (distinct_ids.c.distinct_id == name)
    is_person = (persons.c.project_id == _project_id) & (
        persons.c.person_id == distinct_ids.c.person_id
    )
    # Outer joins keep SQLite from beginning with all persons instead of with the names.
    found = name.table.outerjoin(distinct_ids, is_owner).outerjoin(persons, is_person)
    is_source = place < bindparam("sources", type_=BigInteger)
    return select(name, case((is_source, _ids(dialect))), *STATE).select_from(found)


@cache
def _by_id(dialect: str) -> Select[Any]:
    return select(*STATE, _ids(dialect)).where(
        persons.c.project_id == _project_id,
        persons.c.person_id.in_(bindparam("ids", expanding=True)),
    )


def _ids(dialect: str) -> Any:
    """Return all distinct ids of the row's person, oldest first: JSON on SQLite, else an array."""
    ordered = (
        select(distinct_ids.c.distinct_id)
        .where(
            distinct_ids.c.project_id == _project_id,
            distinct_ids.c.person_id == persons.c.person_id,
        )
        .order_by(distinct_ids.c.position, distinct_ids.c.rank)
        .correlate(persons)
    )
    # The query reads distinct_ids twice: these are another person's rows than the one it joins.
    inner = ordered.subquery("ids")
    gather = func.json_group_array if dialect == "sqlite" else func.array_agg
    return select(gather(inner.c.distinct_id)).scalar_subquery()
