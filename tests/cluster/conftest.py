"""Real bookstores for the tests of this folder, shared within a module because each takes seconds to start."""

import shutil
from contextlib import ExitStack

import psutil
import pytest
import requests

from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.customers import checkout_body
from bookstore_lib.lab.faults import make_whole
from tests.support import eventually


@pytest.fixture(scope="module")
def open_shop(request):
    """Starts bookstores that end with the module; after a failure their run folders stay, to look into."""
    failed_before = request.session.testsfailed
    with ExitStack() as shops:

        def start(**options):
            shop = shops.enter_context(Bookstore(**options))
            started.append(shop)
            return shop

        started: list[Bookstore] = []
        yield start
    if request.session.testsfailed == failed_before:
        for shop in started:
            shutil.rmtree(shop.run_dir, ignore_errors=True)


@pytest.fixture(scope="module")
def running_shop(open_shop):
    """The module's bookstore; a module with other wishes makes its own."""
    return open_shop(executors=3, lease_ttl=1.5)


@pytest.fixture(scope="module")
def reported():
    """The violations that failed an earlier test of the module; they fail no other."""
    return set()


@pytest.fixture
def shop(running_shop, reported):
    """The module's bookstore. After each test everything runs again, and every guarantee is checked."""
    yield running_shop
    restore(running_shop)
    # Clearing is off the way of an order, so the last sessions may still be about to be cleared.
    try:
        eventually(lambda: not _new_violations(running_shop, reported), seconds=5)
    except AssertionError:
        new = _new_violations(running_shop, reported)
        reported |= new
        assert not new, f"see {running_shop.run_dir}"


@pytest.fixture
def titles(shop):
    """A hundred titles, so that many orders do not sell out one book."""
    return [book["title"] for book in shop.client.books(limit=100)]


@pytest.fixture
def post(shop):
    """Posts an order as a browser would, and returns the shop's answer."""

    def send(items=None, customer="good", **headers):
        body = checkout_body(items or {"Frankenstein": 1}, customer)
        return requests.post(f"{shop.url}/checkout", json=body, headers=headers, timeout=30)

    return send


@pytest.fixture
def accept(post):
    """Places an order without waiting for its outcome, and returns its id."""

    def send(items=None, customer="good"):
        answer = post(items, customer, Prefer="respond-async")
        assert (answer.status_code, answer.json()["status"]) == (202, "Order Received")
        return answer.json()["orderId"]

    return send


@pytest.fixture
def one_sentence(capfd):
    """Checks that an error is one sentence, that nothing else was printed, and that nothing was left running."""
    before = _processes_below_us()

    def check(error):
        assert "\n" not in str(error.value)
        assert capfd.readouterr().err == ""
        assert _processes_below_us() <= before

    return check


def _processes_below_us():
    return {process.pid for process in psutil.Process().children(recursive=True)}


def restore(shop):
    """Lets every process run again, and waits until the shop is whole and idle."""
    make_whole(shop)
    eventually(lambda: _is_idle(shop), seconds=20)


def _is_idle(shop):
    health = requests.get(f"{shop.url}/api/health", timeout=30)
    return health.status_code == 200 and shop.leader and not shop.queue_length()


def _new_violations(shop, reported):
    return {violation.sentence for violation in shop.history().check().violations} - reported
