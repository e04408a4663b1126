import os
import signal
import subprocess
import sys

import psutil
import pytest

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.core.hosts import incarnation
from bookstore_lib.lab.cluster import Bookstore
from tests.support import eventually, still_running

# What a notebook's kernel does; a line on standard output for each step.
START = """
import signal
import threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background has it ignored
from bookstore_lib.lab.cluster import Bookstore
print("starting", flush=True)
shop = Bookstore(executors=1, lease_ttl=1.5)
print(shop.run_dir, flush=True)
"""
PAUSE = """
shop.pause("executor-1")
shop.pause("redis")
"""
RUN_CELLS = """
def idle():
    threading.Event().wait()

def ask():
    while True:
        shop.processes()

for cell in [idle] + 5 * [ask]:
    try:
        print("cell", flush=True)
        cell()
    except KeyboardInterrupt:
        pass
before = shop.processes()
print(shop.checkout({"Frankenstein": 1}).status, flush=True)
shop.kill("executor-1")
killed = [process.name for process in shop.processes() if process.state == "dead"]
print(len(before), all(process.state == "running" for process in before), *killed, flush=True)
"""
CELLS = 6
WAIT = """
print("waiting", flush=True)
threading.Event().wait()
"""
AT_LEAST = 9  # the supervisor, two servers and their guards, three services, an executor, less a margin for helpers


@pytest.fixture(scope="module")
def running_shop(open_shop):
    return open_shop(executors=2, lease_ttl=1.5)


@pytest.fixture(scope="module")
def two_under_one_name(running_shop, open_shop):
    """The processes of a former bookstore, and the one that took its name; the first one runs all the time."""
    shop = Bookstore(executors=1, lease_ttl=1.5)
    processes = [psutil.Process(process.pid) for process in shop.processes()]
    shop = open_shop(executors=1, lease_ttl=1.5)
    return processes, shop


@pytest.fixture
def second_shop(two_under_one_name):
    """Runs beside the first one; the tests that close it come last."""
    return two_under_one_name[1]


@pytest.fixture
def kernel():
    """Runs Python code in a process of its own, as Jupyter does."""
    kernels = []

    def run(*code):
        process = subprocess.Popen(
            [sys.executable, "-c", "".join(code)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        kernels.append(process)
        return process

    yield run
    for process in kernels:
        descendants = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        process.communicate()
        for descendant in still_running(descendants):
            descendant.kill()


# The end


@pytest.mark.parametrize(
    ("victim", "paused"),
    [("kernel", True), ("supervisor", False), ("supervisor", True)],
    ids=["kernel-paused", "supervisor", "supervisor-paused"],
)
def test_whoever_is_killed_leaves_no_process_behind(kernel, victim, paused):
    process = kernel(START, PAUSE if paused else "", WAIT)
    _read_until(process, "waiting")
    processes = psutil.Process(process.pid).children(recursive=True)
    (supervisor,) = psutil.Process(process.pid).children()
    assert len(processes) >= AT_LEAST

    os.kill(process.pid if victim == "kernel" else supervisor.pid, signal.SIGKILL)

    try:
        eventually(lambda: not still_running(processes), seconds=25)
    finally:
        for left in still_running(processes):
            left.kill()


def test_an_interrupted_start_leaves_no_process_behind(kernel):
    process = kernel(START)
    _read_until(process, "starting")
    eventually(lambda: len(psutil.Process(process.pid).children(recursive=True)) >= 4)
    processes = psutil.Process(process.pid).children(recursive=True)

    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=40)

    assert "KeyboardInterrupt" in errors
    eventually(lambda: not still_running(processes))


def test_interrupting_cells_leaves_the_bookstore_alone_even_where_they_were_asking_it(kernel):
    process = kernel(START, RUN_CELLS)

    for _ in range(CELLS):
        _read_until(process, "cell")
        os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=40)

    assert output.splitlines() == ["Order Approved", "7 True executor-1"], errors


def test_a_new_bookstore_under_the_same_name_ends_the_former_one(two_under_one_name):
    former_processes, shop = two_under_one_name

    assert not still_running(former_processes)
    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"


# Two at once


def test_two_bookstores_on_one_machine_do_not_meet(shop, second_shop):
    ours, theirs = shop.checkout({"Frankenstein": 1}), second_shop.checkout({"Dracula": 1})

    assert (ours.status, theirs.status) == ("Order Approved", "Order Approved")
    assert not {address.port for address in _listening(shop)} & {address.port for address in _listening(second_shop)}
    for other, receipt in ((second_shop, ours), (shop, theirs)):
        assert receipt.order_id not in {row.order_id for row in other.tables().orders}
        with pytest.raises(BookstoreError, match="There is no order"):
            other.client.order(receipt.order_id)


# Handling processes


@pytest.mark.parametrize("action", ["kill", "pause", "resume", "stop", "start"])
def test_an_unknown_process_is_one_sentence_that_names_the_known_ones(shop, action):
    with pytest.raises(BookstoreError, match=r"no process 'executor-9'; there are redis, postgres, .*executor-1"):
        getattr(shop, action)("executor-9")


@pytest.mark.parametrize("action", ["kill", "pause", "resume", "stop"])
def test_a_dead_process_is_one_sentence_that_says_to_start_it(shop, action):
    shop.kill("executor-1")

    with pytest.raises(BookstoreError, match=r"^executor-1 is dead; start it first\.$"):
        getattr(shop, action)("executor-1")


def test_starting_what_runs_is_one_sentence_and_changes_nothing(shop):
    before = shop.processes()

    with pytest.raises(BookstoreError, match=r"^executor-1 is running already; kill or stop it first\.$"):
        shop.start("executor-1")
    shop.pause("executor-1")
    with pytest.raises(BookstoreError, match=r"^executor-1 is paused already"):
        shop.start("executor-1")
    shop.resume("executor-1")

    assert shop.processes() == before


def test_a_process_says_how_it_is(shop):
    def how_it_is():
        return next(process for process in shop.processes() if process.name == "suggestions")

    at_first = how_it_is()
    assert psutil.Process(at_first.pid).cmdline()[-1] == "services.suggestions"
    shop.pause("suggestions")
    assert how_it_is() == at_first._replace(state="paused")
    shop.resume("suggestions")
    assert how_it_is() == at_first
    shop.kill("suggestions")
    assert how_it_is() == at_first._replace(state="dead", pid=None)
    assert not psutil.pid_exists(at_first.pid)
    shop.start("suggestions")
    assert how_it_is().restarts == at_first.restarts + 1
    assert how_it_is().host == f"suggestions~{at_first.restarts + 1}"


@pytest.mark.parametrize("name", ["redis", "postgres", "executor-1", "orchestrator"])
def test_a_process_that_somebody_else_killed_can_be_started_again(shop, name):
    (pid,) = [process.pid for process in shop.processes() if process.name == name]

    os.kill(pid, signal.SIGKILL)
    eventually(lambda: (name, "dead") in [process[:2] for process in shop.processes()])
    shop.start(name)

    assert shop.checkout({"Frankenstein": 1}).status == "Order Approved"


def test_a_process_that_was_killed_while_it_started_does_not_shift_the_names_of_its_later_lives(shop):
    shop.kill("executor-1")
    shop.launch("executor-1")
    shop.kill("executor-1")  # long before it said that it is ready

    shop.start("executor-1")

    host = shop.process("executor-1").host
    lives = [path.stem for path in (shop.run_dir / "traces").glob("executor-1*.jsonl")]
    assert host == max(lives, key=incarnation)
    shop.kill("executor-2")
    assert shop.leader == "executor-1"


# What is there


def test_no_process_is_a_zombie_after_killing_and_starting(shop):
    for name in ("executor-1", "redis", "fraud_detection"):
        shop.kill(name)
        shop.start(name)

    descendants = psutil.Process(shop.supervisor_pid).children(recursive=True)

    assert [process for process in descendants if process.status() == psutil.STATUS_ZOMBIE] == []


def test_everything_listens_on_this_machine_only(shop):
    # gRPC listens on IPv6 sockets, where the address of this machine is written with a prefix.
    assert {address.ip.removeprefix("::ffff:") for address in _listening(shop)} == {"127.0.0.1"}


def test_a_run_keeps_a_log_and_a_trace_of_each_process_and_the_data_of_the_servers(shop):
    names = {process.name for process in shop.processes()}
    services = names - {"redis", "postgres"}

    assert {path.name for path in shop.run_dir.iterdir()} == {"logs", "traces", "redis", "postgres", "addresses.json"}
    assert (shop.run_dir / "addresses.json").stat().st_mode & 0o777 == 0o600  # it holds passwords
    assert {path.stem for path in (shop.run_dir / "logs").glob("*.log")} == names
    assert {path.stem.partition("~")[0] for path in (shop.run_dir / "traces").glob("*.jsonl")} == {"lab", *services}


# After the end


def test_a_closed_bookstore_has_no_process_and_closing_it_again_is_harmless(second_shop):
    processes = psutil.Process(second_shop.supervisor_pid).children(recursive=True)

    second_shop.close()
    second_shop.close()

    assert not still_running(processes)
    assert "stopped" in repr(second_shop)
    assert {path.name for path in second_shop.run_dir.iterdir()} == {"logs", "traces"}


@pytest.mark.parametrize(
    "use",
    [
        lambda shop: shop.checkout({"Frankenstein": 1}),
        lambda shop: shop.leader,
        lambda shop: shop.processes(),
        lambda shop: shop.kill("executor-1"),
        lambda shop: shop.start("executor-1"),
        lambda shop: shop.history(),
        lambda shop: shop.tables(),
        lambda shop: shop.queue_length(),
    ],
    ids=["checkout", "leader", "processes", "kill", "start", "history", "tables", "queue_length"],
)
def test_a_closed_bookstore_says_in_one_sentence_that_it_was_stopped(second_shop, use, capfd):
    second_shop.close()

    with pytest.raises(BookstoreError, match=r"^This bookstore was stopped; start a new one with Bookstore\(\)\.$"):
        use(second_shop)
    assert capfd.readouterr().err == ""


def _read_until(process, word):
    for line in process.stdout:
        if line.strip() == word:
            return
    raise AssertionError(process.stderr.read())


def _listening(shop):
    descendants = psutil.Process(shop.supervisor_pid).children(recursive=True)
    connections = [connection for process in descendants for connection in process.net_connections("inet")]
    return [connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN]
