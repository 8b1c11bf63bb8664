"""The audit: signed checkpoints of the log, and proofs that a person's events stand in it.

`api/audit_check.py` verifies both, from files alone.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import Connection

from api.auth import READ
from api.calls import Answer, Call
from api.errors import invalid
from api.operations import Operation
from api.paging import MAX_BIGINT
from api.persons.ids import parse
from api.persons.shapes import UTC
from api.requests import Nothing
from projections import proofs
from projections.proofs import Proof
from storage.chain import said_by
from storage.merkle import consistency, leaf_hash
from storage.tree import Tree

Size = Annotated[int, Meta(ge=0, le=MAX_BIGINT, description="events of an earlier checkpoint")]


class CheckpointQuery(Struct, frozen=True, kw_only=True, rename={"since": "from"}):
    """With `from`: prove that the log grew out of that of this earlier checkpoint."""

    since: Size | UnsetType = UNSET


class Consistency(Struct, frozen=True, kw_only=True, rename={"since": "from"}):
    """The proof of RFC 6962 that the tree of `from` events is the beginning of this one."""

    since: int
    hashes: list[str]


class AuditCheckpoint(Struct, frozen=True, kw_only=True):
    """What the log is now: `checkpoint` says it, signed; `key` verifies that.

    `root` is that of the Merkle tree over its first `size` events, as the checkpoint has it too.
    """

    format: Literal["persons-checkpoint"] = "persons-checkpoint"
    checkpoint: str
    key: str
    size: int
    root: str
    consistency: Consistency | UnsetType = UNSET


class ProvenEvent(Struct, frozen=True, kw_only=True):
    """An event as the log has it, and the hash of its leaf, which all of that makes.

    Once it is erased, `commitment` is left of `state` and `salt`.
    """

    position: int
    person: UUID
    version: int
    topic: str
    recorded_at: UTC
    state: str | UnsetType = UNSET
    salt: str | UnsetType = UNSET
    commitment: str | UnsetType = UNSET
    leaf: str


class AuditProof(Struct, frozen=True, kw_only=True):
    """All events of a person, and what leads from them to the signed checkpoint.

    `hashes` are those of the largest parts of the tree without such an event, from left to right.
    """

    format: Literal["persons-proof"] = "persons-proof"
    checkpoint: str
    key: str
    person: UUID
    events: list[ProvenEvent]
    hashes: list[str]


async def checkpoint(call: Call[CheckpointQuery, Nothing]) -> Answer[AuditCheckpoint]:
    """GET persons/audit/checkpoint: a signed checkpoint of all that the log has."""
    since = call.query.since

    def find(connection: Connection, tree: Tree) -> Consistency | UnsetType:
        if since is UNSET:
            return UNSET
        if since > tree.size:
            raise invalid(f"The log has {tree.size} events.", "from")
        return Consistency(
            since=since, hashes=_hexed(tree.hashes([*consistency(since, tree.size)]))
        )

    given, proof = await call.store.attest(call.project.id, find)
    return Answer(
        AuditCheckpoint(
            checkpoint=given.note,
            key=given.key,
            size=given.size,
            root=given.root.hex(),
            consistency=proof,
        )
    )


async def proof(call: Call[Nothing, Nothing]) -> Answer[AuditProof]:
    """GET persons/:id/audit/proof: the proof that a person's events are in the log."""
    person = parse(call.id)

    def find(connection: Connection, tree: Tree) -> Proof:
        return proofs.prove(connection, tree, call.project.id, person)

    given, found = await call.store.attest(call.project.id, find)
    return Answer(
        AuditProof(
            checkpoint=given.note,
            key=given.key,
            person=found.person_id,
            events=[_event(row) for row in found.events],
            hashes=_hexed(found.hashes),
        )
    )


def _event(row: Any) -> ProvenEvent:
    return ProvenEvent(
        position=row.position,
        person=row.person_id,
        version=row.version,
        topic=row.topic,
        recorded_at=row.recorded_at,
        state=UNSET if row.state is None else row.state,
        salt=row.salt.hex() if row.salt else UNSET,
        commitment=row.commitment.hex() if row.commitment else UNSET,
        leaf=leaf_hash(said_by(row)).hex(),
    )


def _hexed(hashes: Iterable[bytes]) -> list[str]:
    return [each.hex() for each in hashes]


OPERATIONS = [
    Operation("GET", "persons/audit/checkpoint", "persons_audit_checkpoint", checkpoint, READ),
    Operation("GET", "persons/{id}/audit/proof", "persons_audit_proof", proof, READ),
]
