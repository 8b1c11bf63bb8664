"""From the writer's thread to the event loop: all answers that are there come by one wake-up."""

import asyncio
from collections import deque
from concurrent import futures

from storage.transaction import Written

Answer = futures.Future[Written]


class Answers:
    """Hands over what the writer answers."""

    def __init__(self) -> None:
        self._done: deque[tuple[asyncio.Future[Written], Answer]] = deque()

    async def wait(self, answer: Answer) -> Written:
        """Return an answer, or raise its error, once it is there; who gives up cancels it."""
        future: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: self._put(future, done))
        try:
            return await future
        except asyncio.CancelledError:
            answer.cancel()
            raise

    def _put(self, future: asyncio.Future[Written], answer: Answer) -> None:
        self._done.append((future, answer))
        # Looked at only now: else the event loop could have taken the last one in between.
        if len(self._done) == 1:
            future.get_loop().call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        while self._done:
            future, answer = self._done.popleft()
            if future.done():
                continue
            if error := answer.exception():
                future.set_exception(error)
            else:
                future.set_result(answer.result())
