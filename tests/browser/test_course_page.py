"""A checkout page as the course has them, on its usual port, before `bookstore up` with the default ports."""

import json
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect

_LONG = 60_000  # ms, on a machine that is busy
_FOLDER = Path(__file__).parent


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def served(port):
    """The page, on this port of both names of this machine."""
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Handler, directory=_FOLDER))
    except OSError as error:
        pytest.fail(f"Port {port} is in use ({error.strerror}), and pages of the course come from no other: free it.")
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def course_port():
    with served(8080) as port:
        yield port


@pytest.fixture(scope="module")
def _shop():
    command = [sys.executable, "-m", "bookstore_lib.lab.cli", "up", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as shop:
        line = shop.stdout.readline() if shop.stdout else ""
        try:
            assert line, shop.stderr and shop.stderr.read()
            assert json.loads(line)["url"] == "http://127.0.0.1:8081"
            yield
        finally:
            shop.terminate()
            shop.communicate()


@pytest.fixture
def order(page, course_port, _shop):
    """Fills in the form, sends it, and gives what the page then says."""

    def send(host="localhost", port=course_port, **changes):
        page.goto(f"http://{host}:{port}/checkout_page.html")
        for name, value in changes.items():
            page.locator(f"[name={name}]").fill(value)
        page.get_by_role("button").click()
        status = page.get_by_role("status")
        expect(status).not_to_be_empty(timeout=_LONG)
        return status

    return send


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("date", ["12/99", "12/2099"])
def test_with_a_card_that_has_not_expired_an_order_is_approved_and_books_are_suggested(order, host, date):
    answer = order(host, expirationDate=date)

    expect(answer).to_contain_text("Order status: Order Approved")
    books = answer.get_by_role("listitem").all_inner_texts()
    assert 1 <= len(books) <= 3
    assert all(" by " in book and "undefined" not in book for book in books)
    assert not any(book.startswith(("Book A ", "Book B ")) for book in books)


def test_its_own_card_has_expired_so_the_order_is_rejected_and_the_page_says_so(order):
    answer = order()

    expect(answer).to_contain_text("Order status: Order Rejected")
    expect(answer).not_to_contain_text("Suggested")


@pytest.mark.parametrize(("field", "value"), [("name", "  "), ("userComment", "x" * 501)])
def test_what_is_wrong_with_the_form_is_said_in_the_shops_words(order, field, value):
    expect(order(**{field: value})).to_have_text(re.compile(f"Error: .*{field} is not acceptable"))


def test_who_has_not_accepted_the_terms_is_told(page, order):
    order(expirationDate="12/99")
    page.get_by_label("terms").uncheck()
    page.get_by_role("button").click()

    expect(page.get_by_role("status")).to_contain_text("Error: The terms have to be accepted.", timeout=_LONG)


def test_a_page_of_another_port_cannot_read_the_answer(order):
    with served(0) as port:
        expect(order(port=port, expirationDate="12/99")).to_contain_text("Unexpected error: Failed to fetch")
