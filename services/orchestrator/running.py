"""Which requests are being answered just now, by their idempotency keys."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bookstore_lib.core.errors import BookstoreError, KeyReusedError, StillRunningError
from bookstore_lib.runtime.order_store import IdempotencyKey


class Running:
    """Keeps a request from being carried out twice at a time. Thread-safe.

    Of this process only, and only for a clear answer: that one key makes one order is promised by the record.
    """

    def __init__(self) -> None:
        self._running: dict[str, IdempotencyKey] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, idempotency: IdempotencyKey | None) -> Iterator[None]:
        """Answer a request under its key; without a key there is nothing to hold.

        Raises:
            StillRunningError: A request with this key and body is being answered.
            KeyReusedError: A request with this key and another body is being answered.
        """
        if idempotency is None:
            yield
            return
        with self._lock:
            running = self._running.setdefault(idempotency.key, idempotency)
        if running is not idempotency:
            raise _refusal(running, idempotency)
        try:
            yield
        finally:
            with self._lock:
                del self._running[idempotency.key]


def _refusal(running: IdempotencyKey, repeated: IdempotencyKey) -> BookstoreError:
    if running != repeated:
        return KeyReusedError("This idempotency key is in use with another body; use a new one.")
    return StillRunningError("The request with this idempotency key is still running; repeat it for its answer.")
