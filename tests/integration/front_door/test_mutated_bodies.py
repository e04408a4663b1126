"""Nearly right bodies: each is an order or a 400, never a failure of ours."""

from collections import Counter

import pytest

from tests.integration.front_door.shop import ASYNC, good
from tests.mutations import NUMBER, mutated_bodies


@pytest.mark.timeout(3600)
def test_no_mutated_body_makes_the_orchestrator_fail(recorded_shop):
    answers = Counter[int]()

    for body in mutated_bodies(good(deviceLanguage="et-EE"), seed=6, number=NUMBER):
        answer = recorded_shop.post(body, headers=ASYNC)
        answers[answer.status_code] += 1
        assert answer.status_code in (202, 400, 413), (body, answer.text)

    # Not all of them are nonsense, or the checks behind the first one would never be reached.
    assert answers[202] > NUMBER / 20
    assert answers[400] > NUMBER / 5
