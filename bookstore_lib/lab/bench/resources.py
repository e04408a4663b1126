"""What the processes of a bookstore take of the machine."""

from contextlib import suppress
from typing import NamedTuple

import psutil

from bookstore_lib.lab.cluster import Bookstore


class Resources(NamedTuple):
    """What a process and its children take.

    Attributes:
        memory: Bytes; what several processes share is divided among them where the system tells (Linux: PSS), else
            each counts all of it.
        resident: Bytes, what is shared counted in each of them.
        threads: How many.
        sockets: How many, of the network and of the machine itself.
        cpu: Seconds of processor time so far, of those that live.
    """

    memory: int
    resident: int
    threads: int
    sockets: int
    cpu: float


def resources(shop: Bookstore) -> dict[str, Resources]:
    """What each process of the bookstore takes now, by name; those without one of their own count as `supervisor`."""
    named = {status.pid: status.name for status in shop.processes() if status.pid is not None}
    families = {name: _family(pid) for pid, name in named.items()}
    theirs = {process.pid for family in families.values() for process in family}
    families["supervisor"] = [each for each in _family(shop.supervisor_pid) if each.pid not in theirs]
    return {name: _sum([_of(process) for process in family]) for name, family in families.items()}


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _of(process: psutil.Process) -> Resources:
    """All 0 of a process that has ended meanwhile."""
    with suppress(psutil.NoSuchProcess), process.oneshot():
        resident = process.memory_info().rss
        return Resources(
            _proportional(process, resident),
            resident,
            process.num_threads(),
            len(process.net_connections("all")),
            sum(process.cpu_times()[:2]),
        )
    return Resources(0, 0, 0, 0, 0.0)


def _proportional(process: psutil.Process, resident: int) -> int:
    with suppress(psutil.AccessDenied):  # macOS
        return int(getattr(process.memory_full_info(), "pss", resident))
    return resident


def _sum(parts: list[Resources]) -> Resources:
    memory, resident, threads, sockets, cpu = (sum(column) for column in zip(*parts, strict=True))
    return Resources(int(memory), int(resident), int(threads), int(sockets), cpu)
