"""Token buckets: what passes, what has to wait and for how long."""

import pytest

from services.orchestrator.rate_limit import RateLimit


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_client_may_send_as_many_at_once_as_in_a_second_and_then_has_to_wait(clock):
    limit = RateLimit(4, clock)

    assert [limit.take("a") for _ in range(4)] == [0.0] * 4
    assert limit.take("a") == pytest.approx(0.25)


def test_what_was_refused_costs_nothing_and_tokens_come_back_with_time(clock):
    limit = RateLimit(4, clock)
    for _ in range(10):
        limit.take("a")

    clock.now += 0.5

    assert [bool(limit.take("a")) for _ in range(3)] == [False, False, True]


def test_a_pause_of_any_length_fills_the_bucket_and_no_more(clock):
    limit = RateLimit(2, clock)
    limit.take("a")

    clock.now += 3600

    assert [bool(limit.take("a")) for _ in range(3)] == [False, False, True]


def test_one_client_does_not_use_up_what_another_may_send(clock):
    limit = RateLimit(1, clock)
    limit.take("a")

    assert limit.take("a") > 0
    assert limit.take("b") == 0


def test_less_than_one_a_second_still_lets_one_pass(clock):
    limit = RateLimit(0.1, clock)

    assert limit.take("a") == 0
    assert limit.take("a") == pytest.approx(10)


def test_clients_without_number_do_not_fill_the_memory(clock):
    limit = RateLimit(1, clock)

    for number in range(20_000):
        limit.take(str(number))

    assert len(limit._buckets) == 10_000
