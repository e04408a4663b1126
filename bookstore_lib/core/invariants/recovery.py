"""What comes after a fault: orders move again."""

from collections.abc import Iterator, Mapping, Sequence

from bookstore_lib.core.invariants.circumstances import faults, of_processes
from bookstore_lib.core.invariants.outcomes import settlements
from bookstore_lib.core.record import OrderRow, Tables
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation

MOVES_AGAIN = "orders move again within 2 TTL after a fault clears"


def moves_again(events: Sequence[TraceEvent], tables: Tables) -> Iterator[Violation]:
    """Once every fault is over, some order is settled within the time that the lab gives, if any was open.

    The walls of different processes are compared here: those of one run share a machine. Not judged where the next
    fault came before the time was over and nothing had moved by then, nor where the trace ends before that time.
    """
    settled = {order_id: min(event.wall for event in found) for order_id, found in settlements(events).items()}
    moves = [event.wall for found in settlements(events).values() for event in found]
    moves += [row.settled_at for row in tables.orders if row.settled_at is not None]
    for clear in of_processes(events, "all clear"):
        over = clear.wall + clear.detail.get("within", float("inf"))
        first = min((wall for wall in moves if wall > clear.wall), default=float("inf"))
        still_open = {row.order_id for row in tables.orders if _open_at(clear.wall, row, settled)}
        waiting = [e for e in events if e.name == "accepted" and e.wall <= clear.wall and e.order_id in still_open]
        undisturbed = not any(clear.wall < fault.wall <= min(first, over) for fault in faults(events))
        if waiting and first > over and undisturbed and any(event.wall >= over for event in events):
            yield Violation(MOVES_AGAIN, _sentence(clear, len(waiting), first), (clear, *waiting))


def _open_at(wall: float, row: OrderRow, settled: Mapping[str, float]) -> bool:
    """Whether the order was surely open then; of one that was redriven since, it is not known."""
    if row.drive or settled.get(row.order_id, wall + 1) <= wall:
        return False
    return not row.status.terminal if row.settled_at is None else row.settled_at > wall


def _sentence(clear: TraceEvent, waiting: int, first: float) -> str:
    count = "1 order was" if waiting == 1 else f"{waiting} orders were"
    within = f"within {clear.detail['within']:g} s"
    if first == float("inf"):
        return f"{count} open when all faults were over, and none was settled {within}, nor later."
    return f"{count} open when all faults were over, and none was settled {within}: it took {first - clear.wall:.1f} s."
