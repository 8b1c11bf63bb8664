import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api import audit_check
from projections.births import births
from storage.log import head_position
from storage.schema import events
from storage.tree import grow
from tests.audited import live, small_blocks
from tests.doors import PERSONS, new_key, new_project
from tests.lives import Lives, march
from tests.service import Client


@pytest.fixture
def life(client: Client) -> Iterator[Lives]:
    """A project of the service, to whose persons it all has happened."""
    project = Lives(client.store.database)
    client.headers.update(new_key(client, "person:read", project_id=project.project_id))
    live(project)
    yield project
    project.writer.close()


def numbers(life: Lives) -> dict[int, str]:
    """Return all integer ids that there ever were, with the uuids behind them."""
    query = select(births.c.number, births.c.person_id).where(
        births.c.project_id == life.project_id
    )
    with life.database.reading() as connection:
        return {number: str(person_id) for number, person_id in connection.execute(query)}


def answer(client: Client, path: str) -> Any:
    got = client.get(f"{PERSONS}/{path}")
    assert got.status_code == 200, got.text
    return got.json()


def is_right(path: Path, content: Any, *options: str) -> bool:
    path.write_text(json.dumps(content))
    return audit_check.main([str(path), *options]) == 0


def test_all_events_of_every_person_are_proven(client: Client, life: Lives, tmp_path: Path) -> None:
    proven = 0
    for number, uuid in numbers(life).items():
        proof = answer(client, f"{number}/audit/proof")
        assert answer(client, f"{uuid}/audit/proof") == proof
        assert proof["person"] == uuid
        assert [each["version"] for each in proof["events"]] == [
            *range(1, len(proof["events"]) + 1)
        ]
        assert is_right(tmp_path / "proof.json", proof)
        proven += len(proof["events"])

    with life.database.reading() as connection:
        assert proven == head_position(connection, life.project_id)


def test_a_proof_has_what_the_log_says(client: Client, life: Lives) -> None:
    proof = answer(client, "2/audit/proof")
    query = select(events).where(
        events.c.project_id == life.project_id,
        events.c.position.in_([each["position"] for each in proof["events"]]),
    )
    with life.database.reading() as connection:
        rows = connection.execute(query.order_by(events.c.position)).all()

    for row, event in zip(rows, proof["events"], strict=True):
        assert event["topic"] == row.topic
        assert event["state"] == row.state
        assert event["salt"] == row.salt.hex()
        assert "commitment" not in event


def test_of_an_erased_event_only_its_place_and_what_binds_it_is_told(
    client: Client, life: Lives
) -> None:
    (number,) = (
        number
        for number in numbers(life)
        if "commitment" in answer(client, f"{number}/audit/proof")["events"][0]
    )
    proof = answer(client, f"{number}/audit/proof")

    assert [each["topic"] for each in proof["events"]] == [
        "PersonCreated",
        "PropertySet",
        "Deleted",
        "Erased",
    ]
    assert ["state" in each for each in proof["events"]] == [False, False, True, True]
    assert "eve@example.com" not in json.dumps(proof)


def test_proofs_hold_in_a_tree_of_many_blocks(
    client: Client, life: Lives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch)
    for value in range(20):
        life.capture("opened", march(11), distinct_id=f"p{value % 3}", value=value)
        if value % 5 == 0:
            grow(life.database, life.project_id)
        for number in (1, 2, 8):
            if number in numbers(life):
                proof = answer(client, f"{number}/audit/proof")
                assert is_right(tmp_path / "proof.json", proof)


def test_the_log_is_proven_to_have_only_grown(client: Client, life: Lives, tmp_path: Path) -> None:
    first = answer(client, "audit/checkpoint")
    (tmp_path / "first").write_text(first["checkpoint"])
    for value in range(20):
        life.capture("opened", march(11), value=value)
        later = answer(client, f"audit/checkpoint?from={first['size']}")
        options = ["--checkpoint", str(tmp_path / "first"), "--key", first["key"]]
        assert is_right(tmp_path / "later.json", later, *options)

    assert later["size"] == first["size"] + 20
    assert "consistency" not in first


def test_the_root_and_the_size_are_those_of_the_note(client: Client, life: Lives) -> None:
    given = answer(client, "audit/checkpoint")
    read = audit_check.Checkpoint(given["key"].split("+")[0], given["size"], b"", "", "", {})

    assert given["checkpoint"].split("\n")[:2] == [read.origin, str(read.size)]
    assert given["size"] == 24


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("999/audit/proof", 404),
        ("99999999999999999999/audit/proof", 404),
        ("0b2d6fd2-8b3c-4e0a-9d7b-6a1f2f6d9a01/audit/proof", 404),
        ("nobody/audit/proof", 400),
        ("audit/checkpoint?from=25", 400),
        ("audit/checkpoint?from=-1", 400),
        ("audit/checkpoint?from=x", 400),
    ],
)
def test_what_cannot_be_proven_is_refused(
    client: Client, life: Lives, path: str, status: int
) -> None:
    refused = client.get(f"{PERSONS}/{path}")

    assert refused.status_code == status, refused.text
    assert set(refused.json()) == {"type", "code", "detail", "attr"}


def test_a_person_of_another_project_is_not_proven(client: Client, life: Lives) -> None:
    other = new_key(client, "person:read", project_id=new_project(client))
    uuid = numbers(life)[1]

    assert client.get(f"{PERSONS}/{uuid}/audit/proof", headers=other).status_code == 404
    assert client.get(f"{PERSONS}/1/audit/proof", headers=other).status_code == 404


def test_the_audit_needs_the_scope_to_read(client: Client, life: Lives) -> None:
    other = new_key(client, "activity_log:read", project_id=life.project_id)

    assert client.get(f"{PERSONS}/audit/checkpoint", headers=other).status_code == 403
    assert client.get(f"{PERSONS}/1/audit/proof", headers=other).status_code == 403


def test_a_log_that_was_rewritten_is_not_attested(client: Client, life: Lives) -> None:
    answer(client, "audit/checkpoint")
    with life.database.writing() as connection:
        connection.execute(
            events.update()
            .where(events.c.project_id == life.project_id, events.c.position == 8)
            .values(state="{}")
        )

    refused = client.get(f"{PERSONS}/audit/checkpoint")

    assert (refused.status_code, refused.json()["code"]) == (503, "tampered")
