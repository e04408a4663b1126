"""The panels on a running bookstore: their buttons, as pressed by a learner, and the functions that do the same."""

import pytest

from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.panels import LeaderPanel, OrderPanel


@pytest.fixture(scope="module")
def shop():
    with Bookstore(executors=2, lease_ttl=1.0) as shop:
        yield shop


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


def test_the_kill_button_waits_for_the_next_leader_and_the_dead_can_be_started_again(shop):
    panel = LeaderPanel(shop)
    before = shop.leader

    panel.kill_button.click()
    panel.wait()

    assert shop.leader != before
    assert f"{before} was killed. {shop.leader} leads now." in panel.message
    assert panel.start_dead() == [before]
    assert {process.state for process in shop.processes()} == {"running"}


def test_a_panel_of_a_stopped_bookstore_says_so_in_a_sentence():
    with Bookstore(executors=1) as shop:
        panel = OrderPanel(shop)

    panel.place_button.click()
    panel.wait()

    assert "This bookstore was stopped; start a new one with Bookstore()." in panel.message
    assert not panel.place_button.disabled
