"""The same request again, by its idempotency key."""

from concurrent.futures import ThreadPoolExecutor

from tests.integration.front_door.shop import error_of, good
from tests.support import eventually


def test_the_same_key_and_body_give_the_same_answer(shop):
    first, second = (shop.post(good(), headers={"Idempotency-Key": "key-1"}) for _ in range(2))

    assert first.get_json() == second.get_json()
    assert len(shop.store.tables().orders) == 1


def test_the_same_key_at_the_same_time_makes_one_order(shop):
    with ThreadPoolExecutor(8) as browsers:
        answers = list(browsers.map(lambda _: shop.post(good(), headers={"Idempotency-Key": "key-1"}), range(8)))

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.get_json()["orderId"] for answer in answers if answer.status_code == 200}) == 1
    assert len(shop.store.tables().payments) == 1


def test_while_a_request_is_still_running_its_repetition_is_a_409_and_has_the_answer_later(open_shop):
    shop, key = open_shop(wait=20), {"Idempotency-Key": "key-1"}
    with ThreadPoolExecutor(1) as browser:
        first = browser.submit(shop.post, good(), headers=key)
        eventually(lambda: shop.queue.contents().waiting)

        again = shop.post(good(), headers=key)
        other = shop.post(good(userComment="Ring twice."), headers=key)

        shop.run_executor()
        answer = first.result()
    assert error_of(again) == (409, "request_still_running")
    assert int(again.headers["Retry-After"]) >= 1
    assert error_of(other) == (422, "idempotency_key_reused")
    assert shop.post(good(), headers=key).get_json() == answer.get_json()
    assert len(shop.store.tables().orders) == 1


def test_a_request_that_was_refused_runs_no_longer(closed_shop):
    key = {"Idempotency-Key": "key-1"}

    refused = closed_shop.post(good(items=[{"name": "No Such Book", "quantity": 1}]), headers=key)

    assert refused.status_code == 400
    assert closed_shop.post(good(), headers=key).status_code == 202


def test_the_same_key_with_another_body_is_refused(closed_shop):
    key = {"Idempotency-Key": "key-1"}
    closed_shop.post(good(), headers=key)

    assert error_of(closed_shop.post(good(userComment="Ring twice."), headers=key)) == (422, "idempotency_key_reused")
    assert len(closed_shop.store.tables().orders) == 1


def test_without_a_key_the_same_body_is_another_order(closed_shop):
    assert len({closed_shop.post(good()).get_json()["orderId"] for _ in range(2)}) == 2


def test_a_key_of_more_than_200_characters_is_refused(closed_shop):
    answer = closed_shop.post(good(), headers={"Idempotency-Key": "k" * 201})

    assert error_of(answer) == (400, "invalid_field")
