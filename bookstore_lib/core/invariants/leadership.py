"""Leaders: one for each epoch, at work only while its lease lasts; what a former one still writes has no effect."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from bookstore_lib.core.causality import number_of
from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.invariants.circumstances import lost_by_a_cut, of_processes, redis_lost_data
from bookstore_lib.core.lease import HELD_BY_ANOTHER
from bookstore_lib.core.record import EpochRow, OrderRow, Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation

ONE_LEADER = "one leader per epoch"
NO_STALE_WRITES = "no stale epoch writes"
LEADS_IN_TIME = "only a leader takes orders"
LOCK_KEPT = "nobody takes the lock from a live leader"

# Leaders count by the monotonic clock and tell by the wall clock: seconds that may pass between reading one and the
# other, and by which Redis may round the end of a key.
_READING = 0.05


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
            if holder is None or base_name(holder) != base_name(event.process):
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


def leads_in_time(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """Whoever took an order believed in its leadership when it looked, just before it asked the queue.

    A leader that froze after it had looked, and takes the order when it wakes up, is no violation. A renewal counts
    from when it was sent: its success may be noted a moment after an order was taken on the strength of it.
    """
    terms = _announcements(events)
    for took in of_processes(events, "took"):
        if "asked" not in took.detail:
            continue
        asked = took.detail["asked"]
        known = [term for term in terms[took.process] if term.detail.get("began", term.wall) <= asked]
        late = asked - max((term.detail["believes_until"] for term in known), default=float("-inf"))
        if late > _READING:
            when = f"{late:.1f} s after its leadership had run out" if known else "before it was ever elected"
            sentence = f"{took.process} asked the queue {when}, and took order {took.detail.get('order')}."
            yield Violation(LEADS_IN_TIME, sentence, (*known[-1:], took))


def lock_kept(events: Sequence[TraceEvent]) -> Iterator[Violation]:
    """A leader finds the lock in other hands only when its time is over, or when a cut link closed somebody's watch.

    Who takes over then does as it should: before, it has written that it lost the holder of this very lock. Who takes a
    lock without that is found, and who takes a later one of the same process, and who loses a live leader to which its
    link was never cut. Not judged where Redis lost data by a fault: the lock may have been lost with it.
    """
    if redis_lost_data(events):
        return
    lost = lost_by_a_cut(events)
    terms = _announcements(events)
    for demoted in of_processes(events, "demoted"):
        own = [term for term in terms[demoted.process] if term.epoch == demoted.epoch]
        if demoted.detail.get("reason") != HELD_BY_ANOTHER or not own:
            continue
        if not lost.isdisjoint(term.detail.get("lock") for term in own):
            continue
        left = own[-1].detail["key_until"] - demoted.wall
        if left > _READING:
            sentence = (
                f"The lock was taken from {demoted.process} in epoch {demoted.epoch}, {left:.1f} s before its end."
            )
            yield Violation(LOCK_KEPT, sentence, (own[-1], demoted))


def _announcements(events: Sequence[TraceEvent]) -> dict[str, list[TraceEvent]]:
    """What each process said of how long it leads, in its order."""
    found: dict[str, list[TraceEvent]] = defaultdict(list)
    for event in sorted(of_processes(events, "elected", "renewed"), key=number_of):
        if "believes_until" in event.detail:
            found[event.process].append(event)
    return found


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
