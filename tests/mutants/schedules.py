"""What happens to the bookstores of the mutants: faults that bring a mistake to light every time."""

from collections.abc import Mapping

from bookstore_lib.lab.faults import LEADER, Fault
from bookstore_lib.lab.verify.crash_matrix import crash_schedule
from bookstore_lib.lab.verify.plan import TTL
from bookstore_lib.lab.verify.schedule import Placement, Schedule, TimedFault

_BOOK = {"Frankenstein": 1}
_LAST_COPIES = {"Tamerlane and Other Poems": 1}  # there are three
# Long enough for the lock of a frozen leader to end, and for the next one to have done something.
_LONG = 2 * TTL


def _schedule(name: str, orders: Mapping[float, str], *faults: tuple[float, Fault]) -> Schedule:
    placements = tuple(Placement(at, _BOOK, customer, f"key-{at}") for at, customer in orders.items())
    return Schedule(name, placements, tuple(TimedFault(at, fault) for at, fault in faults))


def _good(*times: float) -> dict[float, str]:
    return dict.fromkeys(times, "good")


_AT_THE_SAME_TIME = [Placement(0.0, _BOOK, "good", f"key-{number}") for number in range(6)]
_SELLING_OUT = [Placement(0.5, _LAST_COPIES, "good", f"last-{number}") for number in range(5)]
_AGAIN = [Placement(at, _BOOK, "good", "again") for at in (0.2, 0.8)]

# Nothing goes wrong, but orders come at the same time, sell out a book, and come again.
CALM = Schedule("calm", (*_AT_THE_SAME_TIME, *_AGAIN, *_SELLING_OUT), ())

# The leader freezes just before it settles an order; the next one settles it meanwhile...
FROZEN_BEFORE_SETTLING = _schedule(
    "frozen before settling",
    _good(0.3, 0.4, 3.0),
    (0.0, Fault("crash_point", process=LEADER, at="settle:before:freeze", seconds=_LONG)),
)
# ... or is about to, but has to wait for a service.
FROZEN_BEFORE_SETTLING_AND_SLOW = _schedule(
    "frozen before settling, and slow",
    _good(0.3, 4.0),
    (0.0, Fault("crash_point", process=LEADER, at="settle:before:freeze", seconds=_LONG)),
    (0.8, Fault("slow", process="fraud_detection", procedure="CheckFraud", delay=2.5, seconds=3.0)),
)
KILLED_BEFORE_SETTLING = crash_schedule("settle", "before", "kill")
KILLED_BEFORE_INITIALISING = crash_schedule("initialise", "before", "kill")
# When the leader goes on, orders come for it to take.
FROZEN_LEADER = _schedule(
    "frozen leader",
    _good(0.2, 1.8, 2.5, 2.6, 2.8, 3.0, 3.2, 3.4, 3.6, 3.8),
    (0.3, Fault("freeze", process=LEADER, seconds=_LONG)),
)
# First executor-1 is made the leader: the others are frozen until it is. The last order comes when the next leader has
# had time to renew its lock, and to find it in other hands.
EXECUTOR_1_FROZEN_BEFORE_RENEWING = _schedule(
    "executor-1 frozen before renewing",
    _good(0.2, 2.2, 5.5),
    *((0.0, Fault("freeze", process=executor, seconds=1.5 * TTL)) for executor in ("executor-2", "executor-3")),
    (2.0, Fault("crash_point", process="executor-1", at="renew:before:freeze", seconds=_LONG)),
)
FORGOTTEN_WITHOUT_A_LEADER = _schedule(
    "Redis forgets while there is no leader",
    _good(0.2, 0.3, 0.4),
    (0.0, Fault("freeze", process=LEADER, seconds=_LONG)),
    (0.55, Fault("flush")),  # the lock that was last renewed a third of its life before holds until 0.67
)
REPLY_OF_A_PUSH_LOST = _schedule(
    "the reply of a push is lost",
    _good(0.2, 1.2),
    (0.9, Fault("cut", between=("orchestrator", "redis"), how="mute", seconds=1.5)),
)
KILLED_BEFORE_QUEUEING = _schedule(
    "killed before queueing",
    _good(0.3),
    (0.0, Fault("crash_point", process="orchestrator", at="enqueue:before:kill", seconds=0.2)),
)
# What fraud_detection does for an order that is rejected meanwhile does not come back to the coordinator.
REPLY_OF_A_CHECK_LOST = _schedule(
    "the reply of a check is lost",
    dict.fromkeys((0.3, 0.5, 0.7), "bad_card"),
    (0.0, Fault("lose_reply", process="fraud_detection", procedure="CheckFraud", seconds=1.5)),
)
