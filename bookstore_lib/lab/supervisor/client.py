"""The supervisor as the notebook's side sees it."""

import contextlib
import json
import subprocess
import sys
import threading
from typing import Any

from bookstore_lib.core.errors import BookstoreError

# What is started.
COMMAND = [sys.executable, "-m", "bookstore_lib.lab.supervisor"]

_CLOSE_SECONDS = 30.0


class SupervisorClient:
    """Starts a supervisor and tells it what to do. Thread-safe.

    Attributes:
        pid: The supervisor's process id.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self._orders = 0
        self.pid = self._process.pid

    def tell(self, order: dict[str, Any]) -> dict[str, Any]:
        """Give an order and wait until it is carried out.

        Args:
            order: See `supervisor/__main__.py`.

        Raises:
            BookstoreError: It could not be carried out, or the supervisor has died; the sentence says why.
        """
        with self._lock:
            answer = self._ask(order)
        if "error" in answer:
            raise BookstoreError(answer["error"])
        return dict(answer["ok"])

    def close(self) -> None:
        """End it, and with it every process that it started; harmless when it has died already."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise AssertionError("The supervisor is started with pipes.")
        self._orders += 1
        number = self._orders
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps([number, order]) + "\n")
            self._process.stdin.flush()
            while line := self._process.stdout.readline():
                to, answer = json.loads(line)
                # Whoever asked before may have been interrupted and have left an answer behind.
                if to == number:
                    return dict(answer)
        return {"error": "The bookstore's supervisor has died; start a new bookstore."}
