import os
import signal
import socket
import subprocess
import sys

import pytest

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.servers import ports
from bookstore_lib.lab.servers.ports import require_free, reserve_port

HOST = "127.0.0.1"
HOLD_A_PORT = """
from bookstore_lib.lab.servers.ports import reserve_port
print(reserve_port().number, flush=True)
input()
"""


@pytest.fixture(autouse=True)
def own_lock_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.fixture
def two_ports(monkeypatch):
    """Leaves only two ports to choose from, both free."""
    free = next(
        number for number in range(ports.FIRST, ports.LAST) if can_be_bound(number) and can_be_bound(number + 1)
    )
    monkeypatch.setattr(ports, "FIRST", free)
    monkeypatch.setattr(ports, "LAST", free + 1)
    return free, free + 1


def can_be_bound(number):
    try:
        socket.create_server(("0.0.0.0", number)).close()
    except OSError:
        return False
    return True


def test_a_reserved_port_lies_below_the_ephemeral_range_and_can_be_bound():
    port = reserve_port()

    assert 20000 <= port.number <= 32767
    socket.create_server((HOST, port.number)).close()


def test_a_reserved_port_is_not_given_out_again(two_ports):
    first, second = reserve_port(), reserve_port()

    assert {first.number, second.number} == set(two_ports)
    with pytest.raises(SetupError, match=r"no port from \d+ to \d+ is free"):
        reserve_port()


def test_a_released_port_can_be_reserved_again_and_releasing_twice_is_harmless():
    port = reserve_port()
    port.release()
    port.release()

    assert require_free(port.number, HOST, "the orchestrator").number == port.number


def test_a_port_that_a_stranger_listens_on_is_passed_over(two_ports):
    with socket.create_server((HOST, two_ports[0])):
        assert reserve_port().number == two_ports[1]


def test_a_port_that_a_stranger_listens_on_for_all_addresses_is_passed_over(two_ports):
    with socket.create_server(("0.0.0.0", two_ports[1])):
        assert reserve_port().number == two_ports[0]


def test_asking_for_a_port_in_use_says_who_wanted_it_and_what_to_do():
    with socket.create_server((HOST, 0)) as server:
        number = server.getsockname()[1]
        with pytest.raises(SetupError) as error:
            require_free(number, HOST, "the orchestrator")

    assert str(error.value) == (
        f"port {number} on 127.0.0.1, wanted for the orchestrator, is in use; "
        "stop what listens there or choose another port"
    )


def test_asking_for_a_port_that_another_lab_holds_is_refused_before_anyone_listens():
    held = reserve_port()

    with pytest.raises(SetupError, match="is in use"):
        require_free(held.number, HOST, "the storefront")


def test_a_port_that_may_not_be_bound_says_why():
    with pytest.raises(SetupError, match="cannot be bound"):
        require_free(8081, "203.0.113.1", "the orchestrator")  # an address of documentation, on no machine


def test_a_refused_port_is_not_kept():
    with socket.create_server((HOST, 0)) as server:
        number = server.getsockname()[1]
        with pytest.raises(SetupError):
            require_free(number, HOST, "the orchestrator")

    assert require_free(number, HOST, "the orchestrator").number == number


def test_a_killed_process_gives_its_ports_back():
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_A_PORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        number = int(holder.stdout.readline())
        with pytest.raises(SetupError):
            require_free(number, HOST, "the orchestrator")
        holder.send_signal(signal.SIGKILL)

    assert require_free(number, HOST, "the orchestrator").number == number


def test_a_child_process_does_not_keep_the_ports_of_its_parent():
    port = reserve_port()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False):
        port.release()

        assert require_free(port.number, HOST, "the orchestrator").number == port.number


def test_a_lock_folder_that_belongs_to_another_user_is_refused(monkeypatch):
    reserve_port().release()
    folder = ports._lock_folder()
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    folder.rename(folder.with_name("bookstore-lab-ports-4242"))

    with pytest.raises(SetupError, match="belongs to another user"):
        reserve_port()
