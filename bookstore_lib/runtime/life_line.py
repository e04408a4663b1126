"""A service's standard input: its life line to whoever started it, and the way to be told what to suffer.

When it ends, the starter has died. Nobody else can write there, so no network path leads to what these orders do:

    in:  [1, {"do": "crash_at", "at": "settle:after:freeze"}]          out: [1, {"ok": {}}]
         [2, {"do": "trouble", "trouble": {"kind": "unavailable"}}]         [2, {"ok": {"number": 1}}]
         [3, {"do": "calm", "number": 1}]                                   [3, {"ok": {"hits": 7}}]
         [4, {"do": "crash_at", "at": "lunch:before"}]                      [4, {"error": "..."}]
"""

import json
import os
from collections.abc import Iterator
from typing import Any

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.runtime import crash_points
from bookstore_lib.runtime.rpc_trouble import TROUBLE, Trouble
from bookstore_lib.runtime.tracker import OrderEventTracker

_CHUNK = 4096


class LifeLine:
    """Obeys the lines on standard input.

    Attributes:
        tracker: This process's; nothing is obeyed before it is there.
    """

    def __init__(self) -> None:
        self.tracker: OrderEventTracker | None = None

    def follow(self) -> None:
        """Obey line after line, answering on standard output; returns when standard input ends."""
        for line in _lines(0):
            number, order = json.loads(line)
            try:
                answer: dict[str, Any] = {"ok": self._obey(order)}
            except BookstoreError as error:
                answer = {"error": str(error)}
            os.write(1, json.dumps([number, answer]).encode() + b"\n")

    def _obey(self, order: dict[str, Any]) -> dict[str, Any]:
        if self.tracker is None:
            raise BookstoreError("It is still starting; tell it when it is ready.")
        match order["do"]:
            case "crash_at":
                crash_points.arm(order["at"], self.tracker)
            case "trouble":
                return {"number": TROUBLE.begin(Trouble(**order["trouble"]))}
            case "calm":
                return {"hits": TROUBLE.end(order["number"])}
        return {}


def _lines(file: int) -> Iterator[bytes]:
    # Not with a buffered reader: a thread that waits in one keeps the interpreter from ending in order.
    rest = b""
    while data := os.read(file, _CHUNK):
        *whole, rest = (rest + data).split(b"\n")
        yield from whole
