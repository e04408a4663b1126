"""Start a bookstore and obey: `python -m bookstore_lib.lab.supervisor`.

It is told what to do in numbered lines of JSON on its standard input and answers in lines with the same numbers on its
standard output; when its input ends (the kernel was restarted or killed) it ends everything.

    first line in:   [1, the fields of `LabSettings`]
    first line out:  [1, {"ok": {"url": ..., "postgres_url": ..., "redis_url": ..., "debug": {executor: url}}}]
    then:            [2, {"do": "kill", "process": "executor-2"}]  ->  [2, {"ok": {...}}] or [2, {"error": "..."}]
"""

import contextlib
import json
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.supervisor.fleet import Fleet
from bookstore_lib.lab.supervisor.orders import Orders
from bookstore_lib.lab.supervisor.plan import LabSettings


def main() -> None:
    """Start the bookstore that the first line describes, then obey until the input ends."""
    # The caller's end is told by the end of our input; signals meant for the terminal's group are not for us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    number, settings = json.loads(sys.stdin.readline())
    fleet = Fleet(LabSettings(**settings))
    try:
        if _answer(number, fleet.start):
            orders = Orders(fleet)
            for line in sys.stdin:
                number, order = json.loads(line)
                _answer(number, partial(orders.obey, order))
    finally:
        fleet.stop()


def _answer(number: int, work: Callable[[], dict[str, Any]]) -> bool:
    """Do some work and say how it went; returns whether it went well."""
    try:
        answer: dict[str, Any] = {"ok": work()}
    except BookstoreError as error:
        answer = {"error": str(error)}
    with contextlib.suppress(OSError):  # whoever asked has gone; the end of our input will tell
        print(json.dumps([number, answer]), flush=True)  # noqa: T201 - the protocol
    return "ok" in answer


if __name__ == "__main__":
    main()
