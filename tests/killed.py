"""Commands of `persons` as processes of their own, which are killed.

They are forked where all is imported already: each begins at once, and what is killed is its work.
"""

import os
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from random import Random
from time import monotonic, sleep

from api.cli import main
from projections.rebuilding import crew, shares
from storage import captured_deletion

PATIENCE = 120  # seconds until a command counts as stuck
PAUSE = 0.001  # seconds between two looks whether it is time
SHARE = 15  # events, about: so that a small log has many shares
CHUNK = 50  # captured events that are deleted at once

_context = get_context("forkserver")
_context.set_forkserver_preload(["api.cli"])


def begin(url: str, *arguments: str, is_together: bool = False) -> BaseProcess:
    """Begin a command, by several processes if they can work together."""
    process = _context.Process(target=_run, args=(url, arguments, is_together))
    process.start()
    return process


def kill(url: str, *arguments: str, when: Callable[[], bool]) -> bool:
    """Begin a command and kill it with SIGKILL; tell whether there was still something to kill."""
    process = begin(url, *arguments)
    end = monotonic() + PATIENCE
    while process.is_alive() and not when():
        assert monotonic() < end
        sleep(PAUSE)
    process.kill()
    process.join(PATIENCE)
    assert process.exitcode is not None
    assert process.exitcode <= 0, "the command failed"
    return process.exitcode < 0


def run(url: str, *arguments: str) -> float:
    """Let a command come to its end; return how many seconds it took."""
    started = monotonic()
    assert not kill(url, *arguments, when=lambda: False)
    return monotonic() - started


def some_time(seconds: float, chance: Random) -> Callable[[], bool]:
    """Return what is true from some moment within so many seconds on."""
    end = monotonic() + seconds * chance.random()
    return lambda: monotonic() >= end


def _run(url: str, arguments: tuple[str, ...], is_together: bool) -> None:
    os.environ["DATABASE_URL"] = url
    shares.SIZE = SHARE
    captured_deletion.CHUNK = CHUNK
    if is_together:
        crew.LONG = 0
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    main(list(arguments))
