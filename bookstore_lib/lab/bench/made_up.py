"""Traces that are made up, of any length: what the system writes when it works on several orders at once."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bookstore_lib.core.trace_event import Kind, TraceEvent
from bookstore_lib.core.vector_clock import VectorClock

CHECKERS = ("transaction_verification", "fraud_detection", "suggestions")
CALLS = [("InitializeOrder", name) for name in CHECKERS]
CALLS += [("CheckBilling", CHECKERS[0]), ("CheckFraud", CHECKERS[1]), ("CheckCard", CHECKERS[0])]
CALLS += [("GetSuggestions", CHECKERS[2]), *(("ClearOrder", name) for name in CHECKERS)]
AT_ONCE = 4


class Shop:
    """Writes the trace of orders as the system does, a list of lines for each process."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = defaultdict(list)
        self.events = 0
        self._clocks: dict[tuple[str, str], VectorClock] = defaultdict(VectorClock)

    def order(self, order_id: str, executor: str) -> Iterator[None]:
        """The events of one order; stops after each message, so that several can be under way at once."""
        self._write(order_id, "orchestrator", "local", "accepted")
        yield from self._message(order_id, "orchestrator", executor, "order_queued")
        for procedure, service in CALLS:
            yield from self._message(order_id, executor, service, procedure)
            self._write(order_id, service, "local", "session cleared" if procedure == "ClearOrder" else "worked")
            yield from self._message(order_id, service, executor, f"{procedure} reply")
        self._write(order_id, executor, "local", "settled", epoch=1, detail={"status": "approved", "refused": False})
        yield from self._message(order_id, executor, "orchestrator", "outcome")

    def _message(self, order_id: str, sender: str, receiver: str, name: str) -> Iterator[None]:
        send = self._write(order_id, sender, "send", name, peer=receiver)
        yield
        clock = self._clocks[order_id, receiver].merge(send.clock)
        self._clocks[order_id, receiver] = clock
        self._write(order_id, receiver, "receive", name, message_id=send.id, peer=sender)

    def _write(self, order_id: str, process: str, kind: Kind, name: str, **fields: Any) -> TraceEvent:
        clock = self._clocks[order_id, process] = self._clocks[order_id, process].tick(process)
        event_id = f"{process}#{len(self.lines[process]) + 1}"
        if kind == "send":
            fields["message_id"] = event_id
        wall = round(1_700_000_000 + 0.001 * self.events, 6)
        event = TraceEvent(event_id, process, order_id, kind, name, clock, wall=wall, **fields)
        self.lines[process].append(event.to_json() + "\n")
        self.events += 1
        return event


def write_trace(folder: Path, events: int) -> None:
    """A run of about `events` events: orders of 74 events, four at once, three executors in turn."""
    shop, orders, running = Shop(), 0, list[Iterator[None]]()
    while shop.events < events:
        while len(running) < AT_ONCE:
            running.append(shop.order(f"{orders:032x}", f"executor-{orders % 3 + 1}"))
            orders += 1
        running = [order for order in running if next(order, running) is None]
    for process, lines in shop.lines.items():
        (folder / f"{process}.jsonl").write_text("".join(lines), encoding="utf-8")
