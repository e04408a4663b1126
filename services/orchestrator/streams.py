"""How an order comes along, told while it does: server-sent events (WHATWG HTML, section 9.2)."""

import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping

from bookstore_lib.core.errors import BookstoreError, TooManyRequestsError
from services.orchestrator import answers
from services.orchestrator.desk import Desk

# A client comes back by itself when its stream ends; so nobody keeps a seat, and a thread, from others for long.
_STREAM_SECONDS = 30.0
# The outcome wakes a stream up; the steps before it are looked at so often.
_EVERY = 0.25
_COME_BACK = "retry: 1000\n"
# Says nothing, but finds out whether anybody listens still.
_STILL_THERE = ":\n\n"


class Streams:
    """Tells clients about their orders. Thread-safe.

    Args:
        desk: Where the orders are.
        progress: The steps of an open order so far, by its id.
        seats: How many streams there may be at the same time: each holds a thread of the server.
    """

    def __init__(self, desk: Desk, progress: Callable[[str], Mapping[str, str]], seats: int) -> None:
        self._desk, self._progress = desk, progress
        self._seats = threading.BoundedSemaphore(seats)

    def follow(self, order_id: str) -> Generator[str]:
        """The messages about an order: how it stands now, and again when that has changed; ends with its outcome.

        Without an outcome it ends after half a minute.

        Raises:
            UnknownOrderError: There is none; with the first message, as all errors.
            TooManyRequestsError: All seats are taken.
            UnavailableError: The record does not answer.
        """
        if not self._seats.acquire(blocking=False):
            raise TooManyRequestsError("Too many follow their orders just now; ask for the order itself.", 2)
        try:
            yield from self._messages(order_id)
        finally:
            self._seats.release()

    def _messages(self, order_id: str) -> Iterator[str]:
        last = ""
        try:
            for stored in self._desk.watch(order_id, time.monotonic() + _STREAM_SECONDS, _EVERY):
                message = f"data: {json.dumps(answers.order_details(stored, self._progress))}\n\n"
                yield _STILL_THERE if message == last else (message if last else _COME_BACK + message)
                last = message
        except BookstoreError:
            if not last:
                raise
