"""Orders that cannot be checked: visible, and tried again when somebody says so."""

import json
import subprocess
import sys

import pytest

from bookstore_lib.core.errors import BookstoreError


@pytest.fixture
def orders(shop):
    """Runs `bookstore orders` on the module's bookstore."""

    def run(*arguments, run_dir=shop.run_dir):
        command = [sys.executable, "-m", "bookstore_lib.lab.cli", "orders", *arguments, "--run-dir", str(run_dir)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture
def dead(shop):
    """An order that failed because a service was gone, which is there again."""
    shop.kill("fraud_detection")
    receipt = shop.checkout({"Frankenstein": 1})
    shop.start("fraud_detection")
    assert receipt.status == "Order Failed"
    return receipt.order_id


def test_an_order_that_was_tried_three_times_is_shown_among_the_dead_letters(shop, orders, dead):
    listed = json.loads(orders("--dead", "--json").stdout)["orders"]

    (letter,) = [letter for letter in listed if letter["order_id"] == dead]
    assert letter["attempts"] == 2  # and the last one, which ended it
    assert {reason[0] for reason in letter["reasons"]} == {"unavailable"}
    assert [letter.order_id for letter in shop.dead_letters()] == [letter["order_id"] for letter in listed]
    assert dead in orders("--dead").stdout


def test_a_redriven_order_is_approved_and_paid_once(shop, orders, dead):
    done = orders("--redrive", dead, "--json")

    assert done.returncode == 0, done.stderr
    assert shop.client.order(dead, wait=20).status == "Order Approved"
    assert [payment.order_id for payment in shop.tables().payments].count(dead) == 1
    assert dead not in [letter.order_id for letter in shop.dead_letters()]
    (row,) = [row for row in shop.tables().orders if row.order_id == dead]
    assert (row.drive, row.sealed) == (1, False)


def test_what_cannot_be_redriven_is_one_sentence(shop, orders, dead, tmp_path):
    shop.redrive(dead)
    assert shop.client.order(dead, wait=20).status == "Order Approved"

    for wrong in (orders("--redrive", dead), orders("--redrive", "nobody's"), orders(run_dir=tmp_path)):
        assert wrong.returncode == 2
        assert wrong.stdout == ""
        assert wrong.stderr.count("\n") == 1
        assert wrong.stderr.startswith("bookstore: ")
    with pytest.raises(BookstoreError, match="only a failed order"):
        shop.redrive(dead)


def test_all_orders_of_the_running_bookstore_are_listed(shop, orders):
    receipt = shop.checkout({"Frankenstein": 1})

    listed = {row["order_id"]: row["status"] for row in json.loads(orders("--json").stdout)["orders"]}

    assert listed[receipt.order_id] == "approved"
    assert len(listed) == len(shop.tables().orders)
