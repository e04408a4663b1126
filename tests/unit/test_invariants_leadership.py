"""When a leader may work and lose its lock: found where it is broken, and silent where time or a fault explains it."""

import pytest

from bookstore_lib.core.invariants import check
from bookstore_lib.core.invariants.leadership import LEADS_IN_TIME, LOCK_KEPT
from bookstore_lib.core.lease import HELD_BY_ANOTHER
from tests.executions import Chronicle, election


@pytest.fixture
def story() -> Chronicle:
    """executor-1 leads: for 2 s in its belief, for 2.5 s as the lock is concerned."""
    story = Chronicle()
    story.leads("executor-1", 1, 0.0)
    return story


def violations(story: Chronicle, invariant: str) -> list[tuple[str, list[str]]]:
    """What contradicts one guarantee, and the names of the events that show it."""
    every = check(story.events).violations
    return [(v.sentence, [event.name for event in v.events]) for v in every if v.invariant == invariant]


class TestTaking:
    """Who takes an order led when it looked."""

    def test_a_leader_takes_orders_until_its_belief_ends(self, story):
        story.took("executor-1", "order-1", 1, 1.9)
        assert check(story.events).holds

    def test_one_that_asks_after_its_belief_has_ended_is_found(self, story):
        story.took("executor-1", "order-1", 1, 3.0)
        sentence = "executor-1 asked the queue 1.0 s after its leadership had run out, and took order order-1."
        assert violations(story, LEADS_IN_TIME) == [(sentence, ["elected", "took"])]

    def test_one_that_was_never_elected_is_found(self, story):
        story.took("executor-2", "order-1", 1, 1.0)
        sentence = "executor-2 asked the queue before it was ever elected, and took order order-1."
        assert violations(story, LEADS_IN_TIME) == [(sentence, ["took"])]

    def test_a_renewal_extends_its_time(self, story):
        story.leads("executor-1", 1, 1.5, renewal=True)
        story.took("executor-1", "order-1", 1, 3.0)
        assert not violations(story, LEADS_IN_TIME)

    def test_a_renewal_that_began_after_it_had_asked_does_not(self, story):
        story.took("executor-1", "order-1", 1, 3.0)
        story.leads("executor-1", 1, 3.1, renewal=True)
        assert violations(story, LEADS_IN_TIME)

    def test_a_later_election_does_not_either(self, story):
        story.took("executor-1", "order-1", 1, 3.0)
        story.leads("executor-1", 2, 3.1)
        assert violations(story, LEADS_IN_TIME)

    def test_a_renewal_under_way_may_be_noted_after_the_order_was_taken(self, story):
        story.took("executor-1", "order-1", 1, 2.5)
        late = story.start
        story.note(
            "executor-1", "renewed", 2.51, epoch=1, began=late + 1.9, believes_until=late + 3.9, key_until=late + 4.4
        )
        assert not violations(story, LEADS_IN_TIME)

    def test_a_leader_that_froze_after_it_had_looked_may_take_late(self, story):
        story.leads("executor-2", 2, 3.0)
        story.took("executor-1", "order-1", 1, 9.0, asked=1.9)
        assert not violations(story, LEADS_IN_TIME)

    def test_the_belief_of_another_process_does_not_count(self, story):
        story.leads("executor-2", 2, 2.6)
        story.took("executor-1", "order-1", 1, 3.0)
        assert violations(story, LEADS_IN_TIME)

    def test_a_term_that_began_while_it_waited_for_a_place_counts(self, story):
        story.leads("executor-1", 2, 2.9)
        story.took("executor-1", "order-1", 1, 3.0)
        assert not violations(story, LEADS_IN_TIME)

    def test_the_moment_between_reading_two_clocks_is_nobodys_fault(self, story):
        story.took("executor-1", "order-1", 1, 2.02)
        assert not violations(story, LEADS_IN_TIME)


class TestTheLock:
    """A leader loses the lock to another only when its time is over."""

    def test_a_lock_that_is_taken_from_a_live_leader_is_found(self, story):
        story.note("executor-1", "demoted", 1.0, epoch=1, reason=HELD_BY_ANOTHER)
        sentence = "The lock was taken from executor-1 in epoch 1, 1.5 s before its end."
        assert violations(story, LOCK_KEPT) == [(sentence, ["elected", "demoted"])]

    def test_the_last_renewal_says_how_long_it_is_its_own(self, story):
        story.leads("executor-1", 1, 1.5, renewal=True)
        story.note("executor-1", "demoted", 3.0, epoch=1, reason=HELD_BY_ANOTHER)
        assert [shown for _, shown in violations(story, LOCK_KEPT)] == [["renewed", "demoted"]]

    def test_who_wakes_after_the_lock_had_ended_has_lost_it_rightly(self, story):
        story.note("executor-1", "demoted", 9.0, epoch=1, reason=HELD_BY_ANOTHER)
        assert check(story.events).holds

    @pytest.mark.parametrize("late", [2.48, 2.5])
    def test_redis_may_round_the_end_of_the_lock(self, story, late):
        story.note("executor-1", "demoted", late, epoch=1, reason=HELD_BY_ANOTHER)
        assert not violations(story, LOCK_KEPT)

    @pytest.mark.parametrize("reason", ["it was stopped", "the lease could not be renewed in time"])
    def test_a_leader_that_gives_up_by_itself_lost_nothing(self, story, reason):
        story.note("executor-1", "demoted", 1.0, epoch=1, reason=reason)
        assert not violations(story, LOCK_KEPT)

    def test_a_term_that_another_epoch_announced_is_not_its_own(self, story):
        story.note("executor-1", "demoted", 1.0, epoch=2, reason=HELD_BY_ANOTHER)
        assert not violations(story, LOCK_KEPT)

    @pytest.mark.parametrize(("name", "detail"), [("flushed", {}), ("killed", {"process": "redis"})])
    def test_a_lock_that_redis_lost_was_taken_by_nobody(self, story, name, detail):
        story.note("lab", name, 0.9, **detail)
        story.note("executor-1", "demoted", 1.0, epoch=1, reason=HELD_BY_ANOTHER)
        assert not violations(story, LOCK_KEPT)

    def taken_over(self, lock: str, *, cut: bool, renewal: bool = False) -> Chronicle:
        """executor-2 loses sight of executor-1, whose lock it is, and that finds it in other hands."""
        story = Chronicle()
        story.leads("executor-1~2", 1, 0.0, lock="executor-1~2 5 there:1", renewal=renewal)
        if cut:
            story.note("lab", "cut", 0.5, between=["executor-2", "executor-1"], how="reset")
        story.note("executor-2", "leader lost", 0.6, holder="executor-1~2", lock=lock)
        story.note("executor-1~2", "demoted", 0.7, epoch=1, reason=HELD_BY_ANOTHER)
        return story

    def test_whose_watch_closed_because_its_link_was_cut_may_take_the_lock(self):
        assert check(self.taken_over("executor-1~2 5 there:1", cut=True).events).holds

    def test_it_may_also_where_of_the_leader_only_a_renewal_is_known(self):
        assert not violations(self.taken_over("executor-1~2 5 there:1", cut=True, renewal=True), LOCK_KEPT)

    def test_whose_watch_closed_without_a_cut_has_taken_the_lock_from_a_live_leader(self):
        assert violations(self.taken_over("executor-1~2 5 there:1", cut=False), LOCK_KEPT)

    def test_who_lost_sight_of_another_term_has_taken_the_lock_from_a_live_leader(self):
        assert violations(self.taken_over("executor-1~2 4 there:1", cut=True), LOCK_KEPT)


@pytest.mark.parametrize("fault", ["none", "kill", "pause", "flush", "stop"])
def test_no_fault_of_an_election_is_a_violation(fault):
    assert check(election(fault)).holds
