"""Audit and health: whether the log is what it was, and how the service keeps up."""

from datetime import datetime

from msgspec import Struct
from starlette.responses import Response

from api.audit import CheckpointQuery, checkpoint, proof
from api.auth import READ
from api.calls import Call
from api.persons.deletion_status import StatusQuery, deletion_status
from api.persons.erasures import ErasuresQuery, erasures
from api.purge.schedule import next_time
from api.requests import Nothing
from api.web.pages import Page, asked
from domain.values import encode
from projections.audit_state import AuditState, audit_state

CHECK = """\
persons audit key                     # the public key: keep it elsewhere
persons audit check checkpoint.json --key KEY
persons audit check proof.json --key KEY   # of a person, from its history
persons audit check new.json --checkpoint checkpoint.json"""
"""How a checkpoint is checked, without the service."""


class View(Struct, frozen=True, kw_only=True):
    """What the page shows; of what is not known, nothing."""

    state: AuditState
    erasures: int
    event_deletions: int
    next_purge: datetime
    check: str = CHECK

    @property
    def behind(self) -> int:
        """How many events do not stand in the tree of proofs yet."""
        return (self.state.head.position if self.state.head else 0) - self.state.tree


async def show(call: Call[Nothing, Nothing]) -> View:
    """GET /audit: the state of the project's log, and what waits to be erased."""
    pending = StatusQuery(status="pending", limit=1)
    return View(
        state=await call.read(audit_state, at=call.at),
        erasures=(await asked(call, erasures, ErasuresQuery(limit=1), Nothing())).count,
        event_deletions=(await asked(call, deletion_status, pending, Nothing())).count,
        next_purge=next_time(call.at),
    )


async def download(call: Call[Nothing, Nothing]) -> Response:
    """GET /audit/checkpoint.json: a signed checkpoint of all that the log has now."""
    given = await asked(call, checkpoint, CheckpointQuery(), Nothing())
    return _file(f"checkpoint-{given.size}.json", given)


async def download_proof(call: Call[Nothing, Nothing]) -> Response:
    """GET /persons/:id/proof.json: the proof that all events of a person are in the log."""
    given = await asked(call, proof, Nothing(), Nothing())
    return _file(f"proof-{given.person}.json", given)


def _file(name: str, content: Struct) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(encode(content), headers=headers, media_type="application/json")


PAGES = [
    Page("/audit", show, READ, template="audit.html"),
    Page("/audit/checkpoint.json", download, READ),
    Page("/persons/{id}/proof.json", download_proof, READ),
]
