"""Thousands of random schedules of orders and faults, on a simulated clock.

The lease, the checkout graph, the handler, the leader's loop, the election, the desk, and in every tenth schedule the
services are the product's own; time, threads, the network and the stores are stand-ins. Hypothesis chooses what happens
and when, and shrinks what fails.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from bookstore_lib.core.invariants.outcomes import ONE_TERMINAL_STATE
from bookstore_lib.runtime.crash_points import HOWS, SIDES, STEPS
from tests.simulation.mistakes import MISTAKES, Mistake
from tests.simulation.nature import Nature, simulated
from tests.simulation.schedules import SCHEDULES, Happens, Place, Schedule, Then, mistakes, play
from tests.simulation.world import World

EXAMPLES = 10_000
# The same schedules in each run, however slow the machine is.
REPEATABLE = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture
def nature() -> Iterator[Nature]:
    nature = Nature()
    with simulated(nature):
        yield nature


@pytest.mark.timeout(1200)  # a minute on two idle cores
def test_whatever_goes_wrong_every_order_ends_once_and_orders_move_again(nature):
    seen = Counter[str]()

    @REPEATABLE
    @given(SCHEDULES)
    def holds(schedule: Schedule) -> None:
        world = play(schedule, nature)
        seen.update(_remarkable(world), schedules=1)
        assert mistakes(world) == []

    holds()

    assert seen["schedules"] >= EXAMPLES
    wanted = {f"{how} {side} {step}" for how in HOWS for side in SIDES for step in STEPS}
    wanted |= {"swept", "took over", "found", "settle refused", "demoted", "cut", "flushed", "killed", "stopped"}
    wanted |= {
        "leader lost",
        "settled approved",
        "settled rejected",
        "settled failed",
        "clear refused",
        "repetition of an order",
    }
    assert {what: seen[what] for what in wanted if seen[what] < 3} == {}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_each_known_mistake_is_found(nature, mistake):
    class FoundError(Exception):
        pass

    @settings(REPEATABLE, phases=[Phase.generate])
    @given(SCHEDULES)
    def finds(schedule: Schedule) -> None:
        if _shows(mistake, play(schedule, nature)):
            raise FoundError

    with _made(mistake), pytest.raises(FoundError):
        finds()


@pytest.mark.timeout(1200)
def test_a_schedule_that_fails_shrinks_to_what_matters(nature):
    mistake = MISTAKES["an order is acknowledged before it is settled"]

    with _made(mistake):
        shrunk = find(SCHEDULES, lambda schedule: _shows(mistake, play(schedule, nature)), settings=REPEATABLE)

    assert [type(line.action) for line in shrunk.lines].count(Place) >= 1
    assert len(shrunk.lines) == 2  # no schedule is shorter


def test_a_rejection_that_comes_after_the_leader_has_ended_the_order_is_not_told_as_its_end(nature):
    slow, order = Happens("crash", ("settle", "before", "slow", 1)), Place("bad card")

    world = play(Schedule([Then(1.0, slow), Then(0.0, order)], coordinator="orchestrator"), nature)

    settled = [event for event in world.events if event.name == "settled"]
    assert [event.process.partition("-")[0] for event in settled] == ["executor"]
    assert not [sentence for sentence in mistakes(world) if ONE_TERMINAL_STATE in sentence]


def _remarkable(world: World) -> Iterator[str]:
    """What happened in a run that a schedule has to bring about now and then, to be worth anything."""
    for event in world.events:
        if event.name == "crash point":
            yield "{how} {side} {step}".format(**event.detail)
        elif event.name == "settled":
            yield f"settled {event.detail['status']}"
        else:
            yield event.name


def _shows(mistake: Mistake, world: World) -> bool:
    return any(sentence.startswith(mistake.found_by) for sentence in mistakes(world))


def _made(mistake: Mistake) -> ExitStack:
    """The product with the mistake in it, until the stack is closed."""
    with ExitStack() as swaps:
        for owner, method, wrong in mistake.swaps:
            swaps.enter_context(patch.object(owner, method, _bound(wrong, getattr(owner, method))))
        return swaps.pop_all()


def _bound(wrong: Callable[..., object], right: Callable[..., object]) -> Callable[..., object]:
    """A method that is given the right one first."""

    def method(*arguments: object, **keywords: object) -> object:
        return wrong(right, *arguments, **keywords)

    return method
