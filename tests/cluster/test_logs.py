"""The logs of a running bookstore tell the way of an order through all services."""

import json
import subprocess
import sys

import requests

from bookstore_lib.lab.customers import checkout_body
from tests.support import eventually

STEPS = {"InitializeOrder", "CheckBilling", "CheckCard", "CheckFraud", "GetSuggestions", "ClearOrder"}


def read_logs(shop, *options):
    command = [sys.executable, "-m", "bookstore_lib.lab.cli", "logs", "--run-dir", shop.run_dir, "--json", *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(result.stdout)["lines"]


def test_the_lines_of_an_order_tell_each_step_in_each_service_and_the_request_that_brought_it(shop):
    headers = {"X-Request-ID": "request-of-a-test"}
    answer = requests.post(f"{shop.url}/checkout", json=checkout_body({"Frankenstein": 1}), headers=headers, timeout=30)
    order_id = answer.json()["orderId"]

    def lines():
        return [line for line in read_logs(shop, "--order", order_id) if "step" in line]

    eventually(lambda: sum(line["step"] == "ClearOrder" for line in lines()) >= 3, seconds=30)
    audit = lines()
    said = {(line["process"].split("-")[0], line["step"], line["outcome"]) for line in audit}
    assert said >= {
        ("orchestrator", "accept", "accepted"),
        ("transaction_verification", "CheckBilling", "passed"),
        ("transaction_verification", "CheckCard", "passed"),
        ("fraud_detection", "CheckFraud", "passed"),
        ("suggestions", "GetSuggestions", "done"),
        ("executor", "settle", "approved"),
        ("orchestrator", "answer", "approved"),
        *(
            (service, "ClearOrder", "cleared")
            for service in ("transaction_verification", "fraud_detection", "suggestions")
        ),
    }
    assert {line["request_id"] for line in audit} == {"request-of-a-test"}
    assert {line["order_id"] for line in audit} == {order_id}


def test_a_log_can_be_followed_while_it_is_written(shop):
    command = [sys.executable, "-m", "bookstore_lib.lab.cli", "logs", "--run-dir", shop.run_dir, "--json", "--follow"]
    with subprocess.Popen([*command, "--service", "orchestrator"], stdout=subprocess.PIPE, text=True) as following:
        order_id = shop.checkout({"Frankenstein": 1}).order_id
        try:
            assert following.stdout
            told = next(line for line in map(json.loads, following.stdout) if line.get("order_id") == order_id)
        finally:
            following.kill()
    assert told["process"] == "orchestrator"
