"""TCP ports that two labs on one machine never both pick.

A port is held by an advisory lock on a file named after it, so a reservation ends with the process that made it,
however that ends. The lock says nothing to programs that are not labs: against those, the port is tested by
binding it, and chosen below the range that the system hands out to outgoing connections.
"""

import errno
import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bookstore_lib.core.errors import SetupError
from bookstore_lib.lab.servers.trouble import as_setup_error

FIRST, LAST = 20000, 32767  # Linux hands out 32768 and up, macOS 49152 and up


class ReservedPort:
    """A port that no other lab takes until it is released or this process ends.

    Attributes:
        number: The TCP port.
    """

    def __init__(self, number: int, lock: int) -> None:
        self.number = number
        self._lock: int | None = lock

    def release(self) -> None:
        """Gives the port back; again is harmless."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def reserve_port(host: str = "127.0.0.1") -> ReservedPort:
    """Picks a free port from `FIRST` to `LAST`, starting at a random one.

    Args:
        host: IPv4 address or name that the server will bind.

    Raises:
        SetupError: Every port is taken, or the folder of locks cannot be written.
    """
    for number in _candidates():
        lock = _try_lock(number)
        if lock is None:
            continue
        if _refusal(host, number) is None:
            return ReservedPort(number, lock)
        os.close(lock)
    raise SetupError(f"no port from {FIRST} to {LAST} is free on {host}; stop some of the labs that are running")


def require_free(port: int, host: str, purpose: str) -> ReservedPort:
    """Reserves the very port that was asked for.

    Args:
        port: The TCP port.
        host: IPv4 address or name that the server will bind.
        purpose: Who wants the port, for the message: "the orchestrator".

    Raises:
        SetupError: The port is in use, or this user may not bind it.
    """
    lock = _try_lock(port)
    refusal = "is in use" if lock is None else _refusal(host, port)
    if lock is not None and refusal is None:
        return ReservedPort(port, lock)
    if lock is not None:
        os.close(lock)
    message = f"port {port} on {host}, wanted for {purpose}, {refusal}"
    raise SetupError(f"{message}; stop what listens there or choose another port")


def _candidates() -> Iterator[int]:
    """Every port of the range once, from a random one on."""
    count = LAST - FIRST + 1
    start = int.from_bytes(os.urandom(4), "big")
    return (FIRST + (start + step) % count for step in range(count))


def _try_lock(number: int) -> int | None:
    """Locks the file of a port; its descriptor, or None when another process has it.

    The file stays: removing it would let two processes lock two files of the same name.
    """
    folder = _lock_folder()
    with as_setup_error(folder):
        lock = os.open(folder / str(number), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _lock_folder() -> Path:
    folder = Path(tempfile.gettempdir(), f"bookstore-lab-ports-{os.getuid()}")
    with as_setup_error(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.lstat().st_uid != os.getuid():
            raise SetupError(f"{folder} belongs to another user; remove it or set TMPDIR to a folder of yours")
    return folder


def _refusal(host: str, port: int) -> str | None:
    """Says why a server could not listen there, or None when it could."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        return "is in use" if error.errno == errno.EADDRINUSE else f"cannot be bound ({error.strerror})"
    return "is in use" if _answers(host, port) else None


def _answers(host: str, port: int) -> bool:
    """Whether someone listens: on macOS a bind succeeds beside a server that listens on all addresses."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((host, port)) == 0
