"""How far a command has come: a bar on a terminal, nothing in a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import IO, Any

import click


@contextmanager
def progress_bar(
    label: str, *, beside: IO[Any] | None = None
) -> Iterator[Callable[[int, int], None]]:
    """Give what is to be called with the number of steps done, and of those to be done in all.

    The bar shows how many are done in a second, and how long the rest will take. There is none
    where what is written `beside` it goes to the terminal, too.
    """
    if not sys.stderr.isatty() or (beside and beside.isatty()):
        yield lambda done, total: None
        return
    bar = click.progressbar(
        length=1, label=label, file=sys.stderr, show_pos=True, item_show_func=lambda rate: rate
    )
    began: list[tuple[float, int]] = []
    with bar:

        def show(done: int, total: int) -> None:
            if not began:
                began.append((monotonic(), done))
            bar.length = total
            bar.update(done - bar.pos, _rate(*began[0], done))

        yield show


def _rate(since: float, start: int, done: int) -> str:
    """Return how many steps a second were done; what an earlier run did counts for nothing."""
    seconds = monotonic() - since
    return f"{(done - start) / seconds:,.0f}/s" if seconds > 0 else ""
