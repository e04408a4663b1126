"""What the queue promises: found where it is broken, and not called broken where a fault explains it."""

import pytest

from bookstore_lib.core.invariants import check
from bookstore_lib.core.invariants.queue import QUEUE_KEEPS, QUEUED_ONCE
from tests.executions import Chronicle

NO_LIST = (
    "Order order-1 was in no list of the queue when executor-2 looked, "
    "though executor-1 had taken it and nobody had acknowledged it."
)


def found(story: Chronicle, invariant: str) -> list[str]:
    """What contradicts one guarantee."""
    return [violation.sentence for violation in check(story.events).violations if violation.invariant == invariant]


def shown(story: Chronicle, invariant: str) -> list[str]:
    """The names of the events that show it."""
    violations = [violation for violation in check(story.events).violations if violation.invariant == invariant]
    return [event.name for violation in violations for event in violation.events]


@pytest.fixture
def story() -> Chronicle:
    """executor-1 leads, and has taken order-1."""
    story = Chronicle()
    story.leads("executor-1", 1, 0.0)
    story.took("executor-1", "order-1", 1, 0.5)
    return story


@pytest.fixture
def swept(story: Chronicle) -> Chronicle:
    """executor-2 leads after executor-1 was killed, and finds order-1 in no list."""
    story.note("lab", "killed", 1.0, process="executor-1")
    story.leads("executor-2", 2, 4.0)
    story.swept("executor-2", ["order-1"], 2, 4.2, began=4.1)
    return story


class TestAcknowledging:
    """Who acknowledges an order has settled it."""

    def test_settling_and_then_acknowledging_is_right(self, story):
        story.finished("executor-1", "order-1", 1, 1.0)
        assert check(story.events).holds

    def test_acknowledging_and_then_settling_is_found(self, story):
        story.note("executor-1", "acknowledged", 0.6, of="order-1")
        story.note("executor-1", "settled", 1.0, of="order-1", epoch=1, status="approved", drive=0)
        sentence = "executor-1 acknowledged order order-1 before it settled it: "
        sentence += "had it died in between, the order would have been lost."
        assert found(story, QUEUE_KEEPS) == [sentence]
        assert shown(story, QUEUE_KEEPS) == ["took", "acknowledged", "settled"]

    def test_redis_that_loses_data_does_not_excuse_it(self, story):
        story.note("executor-1", "acknowledged", 0.6, of="order-1")
        story.note("executor-1", "settled", 1.0, of="order-1", epoch=1, status="approved", drive=0)
        story.note("lab", "flushed", 2.0)
        assert found(story, QUEUE_KEEPS)

    def test_its_own_numbers_count_and_not_the_wall(self, story):
        story.note("executor-1", "settled", 1.0, of="order-1", epoch=1, status="approved", drive=0)
        story.note("executor-1", "acknowledged", 0.9, of="order-1")
        assert not found(story, QUEUE_KEEPS)

    def test_an_order_that_another_settled_is_acknowledged_and_no_more(self, story):
        story.leads("executor-2", 2, 4.0)
        story.note("executor-2", "settled", 4.5, of="order-1", epoch=2, status="approved", drive=0)
        story.note("executor-1", "acknowledged", 5.0, of="order-1")
        assert check(story.events).holds

    def test_a_redriven_order_is_settled_again_after_it_was_acknowledged(self, story):
        story.finished("executor-1", "order-1", 1, 1.0, "failed")
        story.leads("executor-1", 1, 1.5, renewal=True)
        story.swept("executor-1", ["order-1"], 1, 2.2, began=2.1)
        story.took("executor-1", "order-1", 1, 2.3)
        story.finished("executor-1", "order-1", 1, 2.5, "approved", drive=1)
        assert check(story.events).holds

    def test_an_order_redriven_while_its_acknowledging_failed_was_not_taken_again(self, story):
        story.note("executor-1", "acknowledged", 0.9, of="order-1")  # executor-2 had settled it
        story.finished("executor-1", "order-1", 1, 2.5, "approved", drive=1)
        assert not found(story, QUEUE_KEEPS)

    @pytest.mark.parametrize("again", ["took", "found"])
    def test_of_two_that_work_on_it_in_one_process_one_may_note_late_that_it_settled(self, story, again):
        detail = {"order": "order-1"} if again == "took" else {"orders": ["order-1"]}
        story.note("executor-1", again, 3.0, epoch=3, **detail)
        story.note("executor-1", "acknowledged", 3.1, of="order-1")
        story.note("executor-1", "settled", 3.2, of="order-1", epoch=1, status="approved", drive=0)
        assert not found(story, QUEUE_KEEPS)


class TestSweeping:
    """What was taken is in a list until it is acknowledged."""

    def test_an_order_that_was_taken_and_is_in_no_list_is_found(self, swept):
        assert found(swept, QUEUE_KEEPS) == [NO_LIST]
        assert shown(swept, QUEUE_KEEPS) == ["took", "swept"]

    def test_it_is_told_once_however_often_it_is_swept(self, swept):
        swept.swept("executor-2", ["order-1"], 2, 6.2, began=6.1)
        assert found(swept, QUEUE_KEEPS) == [NO_LIST]

    def test_an_order_that_was_never_pushed_is_swept(self):
        story = Chronicle()
        story.leads("executor-1", 1, 0.0)
        story.swept("executor-1", ["order-1"], 1, 1.1, began=1.0)
        story.took("executor-1", "order-1", 1, 1.2)
        story.finished("executor-1", "order-1", 1, 1.5)
        assert check(story.events).holds

    def test_an_order_taken_while_the_sweep_looked_is_no_loss(self):
        story = Chronicle()
        story.leads("executor-1", 1, 0.0)
        story.took("executor-1", "order-1", 1, 1.05)
        story.swept("executor-1", ["order-1"], 1, 1.1, began=1.0)
        assert not found(story, QUEUE_KEEPS)

    def test_an_order_acknowledged_while_the_sweep_looked_is_no_loss(self, story):
        story.finished("executor-1", "order-1", 1, 0.95)
        story.swept("executor-1", ["order-1"], 1, 1.1, began=1.0)
        assert not found(story, QUEUE_KEEPS)

    def test_a_redriven_order_is_in_no_list_until_it_is_swept(self, story):
        story.finished("executor-1", "order-1", 1, 0.6, "failed")
        story.swept("executor-1", ["order-1"], 1, 1.5, began=1.4)
        assert not found(story, QUEUE_KEEPS)

    @pytest.mark.parametrize(
        ("name", "detail"),
        [
            ("flushed", {}),
            ("killed", {"process": "redis"}),
            ("killed", {"process": "redis~1"}),
            ("stopped", {"process": "redis"}),
        ],
    )
    def test_redis_that_lost_its_data_is_not_blamed_on_the_queue(self, swept, name, detail):
        swept.note("lab", name, 2.0, **detail)
        assert not found(swept, QUEUE_KEEPS)

    def test_the_end_of_another_process_excuses_nothing(self, swept):
        swept.note("lab", "killed", 2.0, process="postgres")
        assert found(swept, QUEUE_KEEPS)

    def test_a_former_leader_may_not_know_all_lists(self, story):
        story.leads("executor-2", 2, 4.0)
        story.note("executor-2", "took over", 4.1, epoch=2, orders=["order-1"])
        story.took("executor-2", "order-1", 2, 4.2)
        story.swept("executor-1", ["order-1"], 1, 4.4, began=1.0)
        assert not found(story, QUEUE_KEEPS)


class TestTaking:
    """Who takes an order twice in a term has been given it twice."""

    def test_an_order_that_is_taken_twice_in_a_term_is_found(self, story):
        story.took("executor-1", "order-1", 1, 0.7)
        story.finished("executor-1", "order-1", 1, 1.0)
        sentence = "executor-1 took order order-1 twice in epoch 1, but it was put into the queue once."
        assert found(story, QUEUED_ONCE) == [sentence]
        assert shown(story, QUEUED_ONCE) == ["took", "took"]

    def test_a_sweep_explains_one_more_time_only(self, story):
        story.swept("executor-1", ["order-1"], 1, 0.6, began=0.4)
        story.took("executor-1", "order-1", 1, 0.7)
        assert not found(story, QUEUED_ONCE)
        story.took("executor-1", "order-1", 1, 0.8)
        sentence = "executor-1 took order order-1 3 times in epoch 1, but it was put into the queue twice."
        assert found(story, QUEUED_ONCE) == [sentence]
        assert shown(story, QUEUED_ONCE) == ["took"] * 3 + ["swept"]

    def test_a_rival_that_takes_it_over_explains_it(self, story):
        story.leads("executor-2", 2, 0.55)
        story.note("executor-2", "took over", 0.6, epoch=2, orders=["order-1", "order-2"])
        story.took("executor-1", "order-1", 1, 0.7)
        assert not found(story, QUEUED_ONCE)

    def test_each_time_it_was_redriven_explains_it(self, story):
        story.finished("executor-1", "order-1", 1, 0.7, "failed")
        story.took("executor-1", "order-1", 1, 1.0)
        story.finished("executor-1", "order-1", 1, 1.2, drive=1)
        assert check(story.events).holds

    def test_a_redelivery_in_another_term_or_process_is_none(self, story):
        story.leads("executor-2", 2, 4.0)
        story.took("executor-2", "order-1", 2, 4.2)
        story.leads("executor-1", 3, 8.0)
        story.took("executor-1", "order-1", 3, 8.2)
        assert not found(story, QUEUED_ONCE)

    def test_redis_that_lost_its_data_is_not_blamed_on_the_queue(self, story):
        story.took("executor-1", "order-1", 1, 0.7)
        story.note("lab", "flushed", 0.6)
        assert not found(story, QUEUED_ONCE)

    @pytest.mark.parametrize(
        ("name", "detail"),
        [("cut", {"between": ["redis", "executor-2"], "how": "mute"}), ("paused", {"process": "redis"})],
    )
    def test_a_take_over_whose_reply_a_rival_lost_is_not_in_the_trace(self, story, name, detail):
        story.leads("executor-2", 2, 0.55)
        story.note("lab", name, 0.6, **detail)
        story.took("executor-1", "order-1", 1, 0.7)
        assert not found(story, QUEUED_ONCE)

    def test_where_there_is_no_rival_a_lost_reply_explains_nothing(self, story):
        story.note("lab", "cut", 0.6, between=["redis", "executor-1"], how="mute")
        story.took("executor-1", "order-1", 1, 0.7)
        assert found(story, QUEUED_ONCE)

    def test_a_push_that_the_orchestrator_repeats_is_found_beside_a_rival(self, story):
        story.leads("executor-2", 2, 0.55)
        story.note("lab", "cut", 0.6, between=["orchestrator", "redis"], how="mute")
        story.took("executor-1", "order-1", 1, 0.7)
        assert found(story, QUEUED_ONCE)
