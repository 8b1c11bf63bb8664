"""Work that others do meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def in_background(work: Callable[[int], object]) -> Iterator[list[Exception]]:
    """Do some work again and again meanwhile; give the errors that it raised.

    Each time it is told its number, from 1.
    """
    stopped, errors = Event(), list[Exception]()

    def run() -> None:
        number = 0
        while not stopped.is_set():
            number += 1
            try:
                work(number)
            except Exception as error:
                errors.append(error)

    threads = [Thread(target=run) for _ in range(2)]
    for each in threads:
        each.start()
    try:
        yield errors
    finally:
        stopped.set()
        for each in threads:
            each.join()
