"""Orders move again after a fault: judged only where something had to move, and nothing came in between."""

import pytest

from bookstore_lib.core.invariants import check
from bookstore_lib.core.invariants.recovery import MOVES_AGAIN
from bookstore_lib.core.order import OrderStatus
from bookstore_lib.core.record import OrderRow, Tables
from tests.executions import EPOCH_START, Chronicle


def row(order_id: str = "order-1", settled: float | None = None, drive: int = 0) -> OrderRow:
    """An order as the record has it, settled so many seconds after the start."""
    status = OrderStatus.ACCEPTED if settled is None else OrderStatus.APPROVED
    at = None if settled is None else EPOCH_START + settled
    return OrderRow(order_id, status, None, 0, {}, drive=drive, settled_at=at)


@pytest.fixture
def story() -> Chronicle:
    """order-1 is open, and 3 s are given when all faults are over, at 10 s; the trace goes on until 60 s."""
    story = Chronicle()
    story.note("orchestrator", "accepted", 1.0, of="order-1")
    story.note("lab", "all clear", 10.0, within=3.0)
    story.note("executor-2", "waiting", 60.0, holder="executor-1", remaining=1.0)
    return story


def found(story: Chronicle, *rows: OrderRow) -> list[str]:
    """What contradicts the guarantee."""
    violations = check(story.events, Tables(rows)).violations
    return [violation.sentence for violation in violations if violation.invariant == MOVES_AGAIN]


def test_an_order_that_moves_in_time_is_right(story):
    story.note("executor-1", "settled", 12.9, of="order-1", epoch=1, status="approved", drive=0)
    assert not found(story, row(settled=12.8))


def test_orders_that_move_too_late_are_found(story):
    story.note("orchestrator", "accepted", 2.0, of="order-2")
    story.note("executor-1", "settled", 14.4, of="order-1", epoch=1, status="approved", drive=0)
    late = "2 orders were open when all faults were over, and none was settled within 3 s: it took 4.2 s."
    assert found(story, row(settled=14.2), row("order-2", settled=15.0)) == [late]
    (violation,) = (
        v for v in check(story.events, Tables((row(settled=14.2),))).violations if v.invariant == MOVES_AGAIN
    )
    assert [event.name for event in violation.events] == ["all clear", "accepted"]


def test_orders_that_never_move_are_found(story):
    never = "1 order was open when all faults were over, and none was settled within 3 s, nor later."
    assert found(story, row()) == [never]


def test_one_order_that_moves_is_enough(story):
    assert not found(story, row(), row("order-2", settled=11.0))


def test_a_settling_that_only_the_trace_knows_is_enough(story):
    story.note("executor-1", "settled", 11.0, of="order-2", epoch=1, status="approved", drive=0)
    assert not found(story, row())


def test_nothing_has_to_move_where_nothing_was_open(story):
    assert not found(story, row(settled=9.0))


def test_an_order_settled_by_one_that_died_before_it_said_so_was_not_open(story):
    assert not found(story, row(settled=9.99), row("order-2", settled=20.0))


def test_a_settling_in_the_trace_counts_where_the_record_has_another_clock(story):
    story.note("executor-1", "settled", 9.0, of="order-1", epoch=1, status="approved", drive=0)
    assert not found(story, row(settled=30.0))


def test_an_order_accepted_later_has_its_own_time(story):
    story.note("orchestrator", "accepted", 11.0, of="order-2")
    assert not found(story, row(settled=5.0), row("order-2", settled=20.0))


def test_of_a_redriven_order_it_is_not_known_whether_it_was_open(story):
    assert not found(story, row(settled=20.0, drive=1))


def test_where_the_record_does_not_say_when_it_is_not_guessed(story):
    assert not found(story, row(settled=20.0)._replace(settled_at=None))


@pytest.mark.parametrize(
    ("process", "name", "detail"),
    [
        ("lab", "killed", {"process": "executor-1"}),
        ("lab", "cut", {"between": ["executor-1", "redis"], "how": "mute"}),
        ("lab", "flushed", {}),
        ("lab", "troubled", {"process": "suggestions"}),
        ("executor-1", "crash point", {"step": "settle", "side": "before", "how": "freeze"}),
    ],
)
def test_the_next_fault_ends_the_time_that_was_given(story, process, name, detail):
    story.note(process, name, 12.0, **detail)
    assert not found(story, row(settled=20.0))


@pytest.mark.parametrize("at", [9.0, 14.0])
def test_a_fault_before_or_after_that_time_excuses_nothing(story, at):
    story.note("lab", "killed", at, process="executor-1")
    assert found(story, row(settled=20.0))


def test_a_trace_that_ends_too_early_says_nothing(story):
    assert not found_until(story, 12.0)
    assert found_until(story, 13.5)


def found_until(story: Chronicle, end: float) -> list[str]:
    """What contradicts the guarantee where the trace ends so many seconds after the start."""
    short = Chronicle()
    short.events = [event for event in story.events if event.wall < EPOCH_START + 50]
    short.note("executor-2", "waiting", end)
    return found(short, row())


def test_each_all_clear_is_judged_by_itself(story):
    story.note("lab", "all clear", 30.0, within=5.0)
    assert len(found(story, row(settled=20.0))) == 1
    assert len(found(story, row(settled=40.0))) == 2
