"""Epochs: each has one leader, and what a former leader still writes has no effect."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from bookstore_lib.core.record import EpochRow, OrderRow, Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation

ONE_LEADER = "one leader per epoch"
NO_STALE_WRITES = "no stale epoch writes"


def one_process_per_epoch(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """No two processes were elected with the same epoch.

    Two that believe in themselves at the same time, with different epochs, are no violation: no lease prevents that.
    """
    for epoch, elected in sorted(_elected(events).items()):
        leaders = sorted({event.process for event in elected})
        if len(leaders) > 1:
            yield Violation(ONE_LEADER, f"Epoch {epoch} was led by {' and '.join(leaders)}.", tuple(elected))


def epochs_in_record(events: Sequence[TraceEvent], tables: Tables) -> Iterator[Violation]:
    """The record gave out each epoch once, in rising order, and to the process that was elected with it."""
    rows = sorted(tables.epochs)
    for before, after in pairwise(rows):
        if before.epoch == after.epoch:
            yield Violation(ONE_LEADER, f"Epoch {after.epoch} was given to {before.holder} and to {after.holder}.")
        elif before.taken_seq > after.taken_seq:
            yield Violation(ONE_LEADER, f"Epoch {after.epoch} was taken before epoch {before.epoch}.")
    holders = {row.epoch: row.holder for row in rows}
    for epoch, elected in sorted(_elected(events).items()):
        for event in elected:
            holder = holders.get(epoch)
            if holder is None or _name(holder) != _name(event.process):
                sentence = (
                    f"{event.process} was elected with epoch {epoch}, which the record gave to {holder or 'nobody'}."
                )
                yield Violation(ONE_LEADER, sentence, (event,))


def no_stale_writes(_: Sequence[TraceEvent], tables: Tables) -> Iterator[Violation]:
    """What an epoch wrote, it wrote before the next epoch was taken; an order and its payment are of one epoch."""
    taken = {row.epoch for row in tables.epochs}
    for row in tables.orders:
        if row.epoch is not None and row.epoch not in taken:
            sentence = f"Order {row.order_id} was settled with epoch {row.epoch}, which nobody has taken."
            yield Violation(NO_STALE_WRITES, sentence)
        later = _taken_before(row, tables)
        if later is not None:
            when = f"after {later.holder} had taken epoch {later.epoch}"
            yield Violation(NO_STALE_WRITES, f"Order {row.order_id} was settled with epoch {row.epoch} {when}.")
    orders = {row.order_id: row for row in tables.orders}
    for payment in tables.payments:
        order = orders.get(payment.order_id)
        if order is not None and payment.epoch != order.epoch:
            sentence = f"Order {order.order_id} was settled with epoch {order.epoch}, its payment with {payment.epoch}."
            yield Violation(NO_STALE_WRITES, sentence)


def _taken_before(row: OrderRow, tables: Tables) -> EpochRow | None:
    """The first epoch after the order's own that was taken before the order was settled."""
    if row.epoch is None or row.settled_seq is None:
        return None
    later = (epoch for epoch in tables.epochs if epoch.epoch > row.epoch and 0 < epoch.taken_seq < row.settled_seq)
    return min(later, default=None)


def _elected(events: Sequence[TraceEvent]) -> dict[int, list[TraceEvent]]:
    found: dict[int, list[TraceEvent]] = defaultdict(list)
    for event in events:
        if event.name == "elected" and event.epoch is not None:
            found[event.epoch].append(event)
    return found


def _name(process: str) -> str:
    """The executor without the count of its restarts: the record knows `executor-2~1` as `executor-2`."""
    return process.partition("~")[0]
