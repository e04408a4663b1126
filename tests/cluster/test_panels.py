"""The panels on a running bookstore: their buttons, as pressed by a learner, and the functions that do the same."""

import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.faults import FIELDS, make_whole
from bookstore_lib.lab.panels import (
    ClockPanel,
    ClusterPanel,
    ElectionPanel,
    FaultPanel,
    LoadPanel,
    OrderPanel,
)
from tests.support import eventually


@pytest.fixture(scope="module")
def shop():
    with Bookstore(executors=2, lease_ttl=1.0, links=True) as shop:
        yield shop


@pytest.fixture(scope="module")
def cluster(shop):
    return ClusterPanel(shop)


@pytest.fixture(autouse=True)
def whole(shop):
    yield
    make_whole(shop)


def press(panel, button):
    button.click()
    panel.wait()


def shown(cluster, process):
    return cluster.row(process).text


def test_the_order_button_shows_the_outcome_and_the_diagram(shop):
    panel = OrderPanel(shop)

    panel.place_button.click()
    panel.wait()

    assert "Order Approved" in panel.message
    diagram = panel.widget.children[-1].value
    assert "data:image/png" in diagram
    assert 'alt="Space-time diagram' in diagram
    assert not panel.place_button.disabled


def test_a_button_is_disabled_while_it_works_and_does_not_block_the_kernel(shop):
    panel = OrderPanel(shop)
    shop.pause("orchestrator")
    try:
        panel.place_button.click()  # returns although nobody answers
        assert panel.place_button.disabled
    finally:
        shop.resume("orchestrator")
    panel.wait()

    assert "Order Approved" in panel.message


def test_a_rejection_is_shown_with_its_reasons(shop):
    panel = OrderPanel(shop)

    panel.order("Frankenstein", customer="bad_card")

    assert "Order Rejected" in panel.message
    assert "card number is not valid" in panel.message


def test_a_basket_is_ordered_as_a_whole_and_the_history_shows_it(shop):
    panel = OrderPanel(shop)

    press(panel, panel.add_button)
    panel.title.value = "Dracula"
    panel.quantity.value = 2
    press(panel, panel.add_button)
    press(panel, panel.place_button)

    assert panel.basket == {"Frankenstein": 1, "Dracula": 2}
    assert "Order Approved" in panel.message
    assert "1 x Frankenstein, 2 x Dracula" in panel.history


def test_many_orders_are_placed_at_once_and_each_has_its_line(shop):
    panel = OrderPanel(shop)
    panel.at_once.value = 5

    press(panel, panel.place_button)

    assert "5 x Order Approved" in panel.message
    assert panel.history.count("<tr>") == 1 + 5


def test_the_kill_button_waits_for_the_next_leader_and_the_dead_can_be_started_again(shop, cluster):
    before = shop.leader

    press(cluster, cluster.kill_button)

    assert shop.leader != before
    assert f"{before} was killed. {shop.leader} leads now." in cluster.message
    eventually(lambda: "dead" in shown(cluster, before))
    assert cluster.button(before, "kill").disabled
    assert cluster.start_dead() == [before]
    assert {process.state for process in shop.processes()} == {"running"}
    eventually(lambda: "running" in shown(cluster, before) and "restarted once" in shown(cluster, before))


def test_the_leader_is_marked_with_its_epoch_and_the_others_follow(shop, cluster):
    leader = shop.leader
    (follower,) = {"executor-1", "executor-2"} - {leader}

    eventually(lambda: "★ leader, epoch" in shown(cluster, leader))
    eventually(lambda: "follower" in shown(cluster, follower))
    eventually(lambda: f"{leader} holds the lock" in cluster.lease)


def test_what_another_does_is_shown_by_itself(shop, cluster):
    (follower,) = {"executor-1", "executor-2"} - {shop.await_leader()}
    eventually(lambda: "running" in shown(cluster, follower))

    shop.pause(follower)  # as a cell would

    eventually(lambda: "frozen" in shown(cluster, follower), seconds=2)
    assert not cluster.button(follower, "resume").disabled
    shop.resume(follower)
    eventually(lambda: "running" in shown(cluster, follower), seconds=2)
    assert cluster.button(follower, "resume").disabled


def test_a_process_is_frozen_and_goes_on_by_its_buttons(shop, cluster):
    press(cluster, cluster.button("suggestions", "freeze"))
    assert shop.process("suggestions").state == "paused"
    eventually(lambda: not cluster.button("suggestions", "resume").disabled)

    press(cluster, cluster.button("suggestions", "resume"))

    assert shop.process("suggestions").state == "running"
    assert "suggestions goes on." in cluster.message


def test_a_leader_that_is_cut_off_is_replaced_and_shown_as_cut_off(shop, cluster):
    leader = shop.leader

    press(cluster, cluster.button(leader, "cut off"))

    assert shop.await_leader(other_than=leader) != leader
    eventually(lambda: ", cut off" in shown(cluster, leader))
    press(cluster, cluster.button(leader, "reconnect"))
    eventually(lambda: ", cut" not in shown(cluster, leader))


def test_a_process_is_restarted_by_its_button(shop, cluster):
    lives = shop.process("fraud_detection").restarts

    press(cluster, cluster.button("fraud_detection", "restart"))

    assert shop.process("fraud_detection").restarts == lives + 1
    assert "fraud_detection was started again." in cluster.message


def test_a_button_that_came_too_late_says_why_in_a_sentence(shop, cluster):
    shop.kill("suggestions")

    press(cluster, cluster.button("suggestions", "kill"))

    assert "suggestions is dead; start it first." in cluster.message


def test_a_queue_that_nobody_works_on_is_counted(shop, cluster):
    for name in ("executor-1", "executor-2"):
        shop.kill(name)

    shop.client.submit({"Frankenstein": 1})

    eventually(lambda: "1 waiting" in cluster.queue)


def test_redis_that_does_not_answer_is_said(shop, cluster):
    shop.pause("redis")

    eventually(lambda: "Redis does not answer" in cluster.queue)

    shop.resume("redis")
    eventually(lambda: "waiting" in cluster.queue)


def test_a_panel_of_a_stopped_bookstore_says_so_in_a_sentence():
    with Bookstore(executors=1) as shop:
        orders, cluster = OrderPanel(shop), ClusterPanel(shop)

    orders.place_button.click()
    orders.wait()

    assert "This bookstore was stopped; start a new one with Bookstore()" in orders.message
    assert not orders.place_button.disabled
    eventually(lambda: "This bookstore was stopped" in cluster.message)
    orders.at_once.value = 2
    press(orders, orders.place_button)
    assert "This bookstore was stopped; start a new one with Bookstore()" in orders.message
    for panel in (ClockPanel, ClusterPanel, ElectionPanel, FaultPanel, LoadPanel, OrderPanel):
        with pytest.raises(BookstoreError, match="was stopped; start a new one"):
            panel(shop)


def test_a_fault_is_aimed_and_fired_and_the_guarantees_are_shown(shop):
    panel = FaultPanel(shop)
    panel.kind.value = "freeze"
    panel.process.value = "suggestions"
    panel.seconds.value = 0.2

    press(panel, panel.fire_button)

    assert "It landed: suggestions was frozen" in panel.message
    assert "every accepted order ends in exactly one terminal state" in panel.verdict
    assert "VIOLATED" not in panel.verdict


@pytest.mark.parametrize("kind", list(FIELDS))
def test_every_kind_of_fault_can_be_chosen_and_makes_sense_as_it_is_offered(shop, kind):
    panel = FaultPanel(shop)
    panel.kind.value = kind

    assert panel.chosen.kind == kind


def test_other_times_of_the_lease_are_used_by_all_executors(shop):
    panel = ElectionPanel(shop)
    panel.ttl.value, panel.renewal.value = 1.5, 0.4

    press(panel, panel.apply_button)

    assert "The lock lives for 1.5 s and is renewed every 0.4 s." in panel.message
    assert shop.settings.lease_ttl == 1.5
    eventually(lambda: f"Now leading: {shop.leader}" in panel.strip)
    terms = shop.history().frame("leadership")
    last = terms.iloc[-1]
    assert last["key_until"] - last["elected"] >= 1.4


def test_times_of_the_lease_that_make_no_sense_are_refused_in_a_sentence(shop):
    panel = ElectionPanel(shop)
    before = shop.settings
    panel.ttl.value, panel.renewal.value = 1.0, 2.0

    press(panel, panel.apply_button)

    assert "has to lie between 0 and 0.9" in panel.message
    assert shop.settings == before


def test_a_load_shows_its_curves_until_it_is_stopped(shop):
    panel = LoadPanel(shop)
    panel.rate.value = 20

    panel.start_button.click()
    eventually(lambda: "Outcomes each second" in panel.curves)
    eventually(lambda: not panel.stop_button.disabled)
    assert panel.start_button.disabled
    panel.stop()
    panel.wait()

    assert "orders at 20.0/s" in panel.message
    assert not panel.start_button.disabled


def test_the_newest_order_is_shown_by_itself_and_an_older_one_when_it_is_chosen(shop):
    panel = ClockPanel(shop)
    first, second = (shop.checkout({"Frankenstein": 1}).order_id for _ in range(2))

    eventually(lambda: panel.view.told.get("orders") == [second], seconds=20)
    eventually(lambda: "answered" in panel.view.told["words"], seconds=20)
    assert panel.view.told["orphans"] == []
    assert first in [value for _, value in panel.choice.options]

    panel.draw(first)
    assert panel.view.told["orders"] == [first]
