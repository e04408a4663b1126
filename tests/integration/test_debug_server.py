import threading
from contextlib import ExitStack

import pytest
import redis
import requests
from werkzeug.test import Client

from bookstore_lib.core.errors import SetupError
from bookstore_lib.core.lease import Candidate
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.http_server import serve_http
from bookstore_lib.runtime.redis_lease import MemoryLease
from services.order_executor.debug_server import create_debug_app
from tests.support import eventually


class Node:
    """An executor's election and debug server."""

    def __init__(self, run, lease, queue, name) -> None:
        self.elected = threading.Event()
        candidate = Candidate(ttl=20, renew_every=5, margin=1)
        epochs = iter(range(7, 99))
        self.election = Election(
            candidate, lease, lambda _holder: next(epochs), run.tracker(name), lambda _epoch: self.elected.set()
        )
        run.parts.callback(self.election.stop)
        self.port = serve_http(create_debug_app(name, self.election, lease, queue), "127.0.0.1:0", run.parts)

    def ask(self, path: str, method: str = "GET") -> requests.Response:
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=20)


@pytest.fixture
def lease():
    return MemoryLease()


@pytest.fixture
def node(run, lease, queue):
    return Node(run, lease, queue, "executor-1")


def test_before_anybody_leads_the_status_says_so(node):
    answer = node.ask("/status")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"node_id": "executor-1", "is_leader": False, "current_leader": None, "epoch": None}


def test_the_status_names_the_leader_and_its_epoch_as_leader_and_as_follower(run, lease, queue, node):
    node.election.start()
    assert node.elected.wait(20)
    follower = Node(run, lease, queue, "executor-2")
    follower.election.start()

    assert node.ask("/status").json() == {
        "node_id": "executor-1",
        "is_leader": True,
        "current_leader": "executor-1",
        "epoch": 7,
    }
    assert follower.ask("/status").json() == {
        "node_id": "executor-2",
        "is_leader": False,
        "current_leader": "executor-1",
        "epoch": None,
    }


def test_a_leader_that_stopped_leads_no_longer(node):
    node.election.start()
    assert node.elected.wait(20)

    node.election.stop()

    status = node.ask("/status").json()
    assert (status["is_leader"], status["current_leader"], status["epoch"]) == (False, None, None)


def test_the_queue_page_names_ids_only_waiting_and_held(node, queue):
    queue.push(["order-1", "order-2", "order-3"])
    queue.take("executor-9", 0)

    answer = node.ask("/debug/queue")

    assert answer.status_code == 200
    assert answer.json() == {"waiting": ["order-2", "order-3"], "processing": {"executor-9": ["order-1"]}}


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("POST", "/", 405, "method_not_allowed"),
        ("GET", "/debug/queue/", 404, "not_found"),
        ("GET", "/%00", 404, "not_found"),
        ("POST", "/status", 405, "method_not_allowed"),
        ("DELETE", "/debug/queue", 405, "method_not_allowed"),
    ],
)
def test_other_pages_and_methods_are_refused_in_json(node, method, path, status, code):
    answer = node.ask(path, method)

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code


def test_the_page_shows_who_leads_and_the_orders_that_wait_and_are_held(node, queue):
    queue.push(["order-1", "order-2", "<b>"])
    queue.take("executor-9", 0)

    answer = node.ask("/")

    assert answer.headers["Content-Type"].startswith("text/html")
    for text in ("executor-1", "nobody", "Waiting: 2", "order-2", "&lt;b&gt;", "Held by executor-9: 1", "order-1"):
        assert text in answer.text
    assert "<b>" not in answer.text


def test_the_page_of_a_long_queue_stays_short(node, queue):
    queue.push(f"order-{number}" for number in range(5000))

    page = node.ask("/").text

    assert "Waiting: 5000" in page
    assert "and 4900 more" in page
    assert page.count("<li>") == 101


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", ""])
def test_who_is_not_on_this_machine_is_refused(lease, queue, node, address):
    app = create_debug_app("executor-1", node.election, lease, queue)

    assert Client(app).get("/status", environ_overrides={"REMOTE_ADDR": address}).status_code == 403


@pytest.mark.parametrize(("host", "status"), [("localhost:8090", 200), ("[::1]", 200), ("evil.example", 403)])
def test_a_name_that_was_bent_to_this_machine_is_refused(lease, queue, node, host, status):
    app = create_debug_app("executor-1", node.election, lease, queue)
    overrides = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": host}

    assert Client(app).get("/status", environ_overrides=overrides).status_code == status


def test_without_redis_both_pages_say_503_in_a_sentence_without_inner_text(node, lease, queue, monkeypatch):
    def gone():
        raise redis.ConnectionError("Error 111 connecting to sesame:6379")

    monkeypatch.setattr(lease, "holder", gone)
    monkeypatch.setattr(queue, "contents", gone)

    for path in ("/", "/status", "/debug/queue"):
        answer = node.ask(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
        assert "sesame" not in answer.text


def test_a_second_server_on_the_port_is_refused_in_one_line_that_names_it(run, node):
    with pytest.raises(SetupError, match=f"127.0.0.1:{node.port}") as caught:
        serve_http(lambda _environ, _start: [], f"127.0.0.1:{node.port}", run.parts)

    assert "\n" not in str(caught.value)


def test_the_server_ends_with_its_parts(run, lease, queue):
    with ExitStack() as parts:
        port = serve_http(create_debug_app("executor-1", object(), lease, queue), "127.0.0.1:0", parts)  # type: ignore[arg-type]  # not asked
        assert requests.get(f"http://127.0.0.1:{port}/debug/queue", timeout=20).status_code == 200

    def refused() -> bool:
        try:
            requests.get(f"http://127.0.0.1:{port}/debug/queue", timeout=1)
        except requests.ConnectionError:
            return True
        return False

    eventually(refused)
