"""The `eventsourcing` library's own tests of a recorder, on ours."""

from collections.abc import Iterator
from unittest import TestCase, defaultTestLoader
from uuid import uuid4

import pytest
from eventsourcing.persistence import (
    IntegrityError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
)
from eventsourcing.tests import persistence as contract
from sqlalchemy import text

from domain.person import fold
from storage.engine import Database
from storage.mapper import PersonMapper
from storage.recorder import ProjectRecorder
from storage.repository import person_at
from tests.databases import DATABASES, new_database
from tests.decisions import NOW, edit, identify, uuid_of, visit
from tests.stores import Store, check, opened

ADA = uuid_of("ada")


@pytest.fixture(scope="module", params=DATABASES)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with new_database(request) as url, opened(url) as store:
        yield store


@pytest.fixture
def recorder(store: Store) -> ProjectRecorder:
    return new_recorder(store)


def new_recorder(store: Store) -> ProjectRecorder:
    return ProjectRecorder(store.database, store.new_project(), clock=lambda: NOW)


class _OnOurs(TestCase):
    """Says to the library's tests which recorder they test; pytest runs them from below."""

    __test__ = False
    store: Store

    def create_recorder(self) -> ProjectRecorder:
        return new_recorder(self.store)


class _Application(_OnOurs, contract.ApplicationRecorderTestCase[ProjectRecorder]):
    pass


class _NonInterleaving(_OnOurs, contract.NonInterleavingNotificationIDsBaseCase):
    insert_num = 300


CASES = [
    (case, name)
    for case in (_Application, _NonInterleaving)
    for name in defaultTestLoader.getTestCaseNames(case)
] + [(_Application, "optional_test_insert_subscribe")]


@pytest.mark.parametrize(("case", "name"), CASES, ids=[f"{c.__name__} {n}" for c, n in CASES])
def test_the_library_s_contract_is_kept(store: Store, case: type[_OnOurs], name: str) -> None:
    contract_test = case(name)
    contract_test.store = store

    contract_test.debug()


def stored(version: int, topic: str = "Identified") -> StoredEvent:
    return StoredEvent(ADA, version, topic, b'{"a":"\xc3\xa9"}')


def test_positions_are_those_of_one_project(store: Store, recorder: ProjectRecorder) -> None:
    other = new_recorder(store)

    assert recorder.insert_events([stored(1), stored(2)]) == [1, 2]
    assert other.insert_events([stored(1)]) == [1]
    assert recorder.insert_events([stored(3)]) == [3]
    assert [each.id for each in other.select_notifications(None, 10)] == [1]
    assert recorder.max_notification_id() == 3


@pytest.mark.parametrize("beside", [1, 9, 49, 68])  # SQLite takes up to 50 rows at a time
def test_a_version_that_is_taken_is_refused_with_all_beside_it(
    recorder: ProjectRecorder, beside: int
) -> None:
    recorder.insert_events([stored(1), stored(2)])

    with pytest.raises(IntegrityError):
        recorder.insert_events([*map(stored, range(3, 3 + beside)), stored(2)])

    assert [each.originator_version for each in recorder.select_events(ADA)] == [1, 2]
    assert recorder.insert_events([stored(3)]) == [3]


def test_a_recorder_reads_what_the_writer_wrote(store: Store) -> None:
    project = store.new_project()
    store.do(project, visit("ada"), identify("ada", "a"))
    person_id = store.owner(project, "ada").id
    recorder, mapper = ProjectRecorder(store.database, project), PersonMapper()

    stored_events = recorder.select_events(person_id)

    assert [mapper.to_domain_event(each) for each in stored_events] == [
        mapper.to_domain_event(mapper.to_stored_event(each)) for each in store.log(project)
    ]


def test_what_a_recorder_wrote_is_in_the_chain(store: Store) -> None:
    project, other = store.new_project(), store.new_project()
    store.do(other, visit("ada"), identify("ada", "a"))
    mapper = PersonMapper()
    recorder = ProjectRecorder(store.database, project, clock=lambda: NOW)

    recorder.insert_events([mapper.to_stored_event(each) for each in store.log(other)])

    assert store.log(project) == store.log(other)
    assert store.persons(project) == []


def test_a_person_is_loaded_at_a_version(store: Store) -> None:
    project = store.new_project()
    person_id = store.do(project, visit("ada", plan="free"))[0].person_id
    command = edit("ada", plan="pro")
    command = type(command)(person_id=person_id, uuid=uuid4(), properties={"plan": "pro"})
    store.do(project, command)

    then = person_at(store.database, project, person_id, version=2)
    now = person_at(store.database, project, person_id)

    assert then is not None
    assert now is not None
    assert (then.properties["plan"], now.properties["plan"]) == ("free", "pro")
    assert (then.version, now.version) == (2, 3)
    assert fold(None, store.log(project)) is not None
    assert person_at(store.database, project, uuid4()) is None
    check(store, project)


def test_a_subscription_goes_on_while_others_write(store: Store, recorder: ProjectRecorder) -> None:
    recorder.insert_events([stored(1)])
    seen = []
    with recorder.subscribe(gt=None, topics=["Identified"]) as subscription:
        for notification in subscription:
            seen.append(notification.id)
            if len(seen) < 5:
                recorder.insert_events([stored(2 * len(seen)), stored(2 * len(seen) + 1, "Other")])
            else:
                subscription.stop()

    assert seen == [1, 2, 4, 6, 8]


def test_the_database_s_errors_become_the_library_s(database_url: str) -> None:
    database = Database(database_url)
    recorder = ProjectRecorder(database, 1)
    # SQLite knows no table that is missing from any other error.
    missing = OperationalError if database.is_sqlite else ProgrammingError

    with pytest.raises(missing):
        recorder.max_notification_id()
    with pytest.raises(missing):
        recorder.select_events(ADA)
    with database.writing() as connection:
        connection.execute(text("SELECT 1"))
    database.close()
