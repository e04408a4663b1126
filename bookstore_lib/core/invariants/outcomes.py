"""How orders end: once, one way, and with one answer."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from bookstore_lib.core.order import OrderStatus
from bookstore_lib.core.record import Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation

ONE_TERMINAL_STATE = "every accepted order ends in exactly one terminal state"
SAME_ANSWER = "the same idempotency key gives the same answer"


def settlements(events: Sequence[TraceEvent]) -> dict[str, list[TraceEvent]]:
    """The `settled` events of each order that the fence did not refuse."""
    found: dict[str, list[TraceEvent]] = defaultdict(list)
    for event in events:
        if event.name == "settled" and not event.detail.get("refused"):
            found[event.order_id].append(event)
    return found


def drive_of(settled: TraceEvent) -> int:
    """How often the order had been taken from the dead letters when it was settled."""
    return int(settled.detail.get("drive", 0))


def settled_one_way(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """However often an order was settled (a leader died, the next took it up), it was always the same way.

    An order that failed may be redriven: each of its drives is judged by itself.
    """
    drives: dict[tuple[str, int], list[TraceEvent]] = defaultdict(list)
    for settled in settlements(events).values():
        for event in settled:
            drives[event.order_id, drive_of(event)].append(event)
    for (order_id, _), settled in drives.items():
        if len({event.detail.get("status") for event in settled}) > 1:
            ways = " and ".join(f"{event.detail.get('status')} ({event.id})" for event in settled)
            yield Violation(ONE_TERMINAL_STATE, f"Order {order_id} was settled as {ways}.", tuple(settled))


def ended_in_record(events: Sequence[TraceEvent], tables: Tables) -> Iterator[Violation]:
    """Every accepted order is in the record, ended, and as the leader that settled it in its last drive said."""
    settled = settlements(events)
    for row in tables.orders:
        if not row.status.terminal:
            yield Violation(ONE_TERMINAL_STATE, f"Order {row.order_id} is still {row.status}.")
            continue
        last = max([row.drive, *map(drive_of, settled[row.order_id])])
        for event in settled[row.order_id]:
            if drive_of(event) == last and event.detail.get("status") != row.status:
                said = f"{event.process} settled it as {event.detail.get('status')}"
                sentence = f"Order {row.order_id} is {row.status} in the record, but {said}."
                yield Violation(ONE_TERMINAL_STATE, sentence, (event,))
    recorded = {row.order_id for row in tables.orders}
    for event in events:
        if event.name == "accepted" and event.order_id not in recorded:
            yield Violation(ONE_TERMINAL_STATE, f"Order {event.order_id} was accepted and then lost.", (event,))


def same_answer(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """All answers to one idempotency key are about one order, and the final ones agree.

    `accepted` is no final answer: the client was told to come back. Nor is `failed`: the order may have been redriven
    since.
    """
    answers: dict[str, list[TraceEvent]] = defaultdict(list)
    for event in events:
        if event.name == "answered" and event.detail.get("idempotency_key"):
            answers[event.detail["idempotency_key"]].append(event)
    for answered in answers.values():
        orders = sorted({event.order_id for event in answered})
        if len(orders) > 1:
            yield Violation(SAME_ANSWER, f"One key made the orders {' and '.join(orders)}.", tuple(answered))
        final = {event.detail.get("status") for event in answered} - {OrderStatus.ACCEPTED, OrderStatus.FAILED, None}
        if len(orders) == 1 and len(final) > 1:
            told = " and ".join(sorted(map(str, final)))
            yield Violation(SAME_ANSWER, f"One key of order {orders[0]} was answered {told}.", tuple(answered))
