"""Every command finds its decision here."""

from datetime import datetime
from typing import assert_never

from domain import edits
from domain.batch import Batch
from domain.capture import capture
from domain.commands import (
    Capture,
    Command,
    DeletePerson,
    Done,
    ErasePerson,
    ImportPerson,
    SetProperties,
    SplitPerson,
    UndeletePerson,
    Unmerge,
    UnsetProperties,
)
from domain.erasing import erase
from domain.events import Actor
from domain.importing import import_person
from domain.taking_back import unmerge
from domain.undeleting import undelete


def decide(  # noqa: PLR0911 - one case a command
    batch: Batch, command: Command, actor: Actor, at: datetime
) -> Done:
    """Carry out a command on the persons of a batch; refused, it leaves them as they were.

    Raises:
        PersonsError: as the decisions of `domain.edits` say; a captured event is never refused.
    """
    match command:
        case Capture():
            return capture(batch, command.captured, actor)
        case SetProperties():
            return edits.set_properties(batch, command, actor, at)
        case UnsetProperties():
            return edits.unset_properties(batch, command, actor, at)
        case SplitPerson():
            return edits.split(batch, command, actor, at)
        case DeletePerson():
            return edits.delete(batch, command, actor, at)
        case ImportPerson():
            return import_person(batch, command, actor, at)
        case Unmerge():
            return unmerge(batch, command, actor, at)
        case UndeletePerson():
            return undelete(batch, command, actor, at)
        case ErasePerson():
            return erase(batch, command, actor, at)
        case _:
            assert_never(command)
