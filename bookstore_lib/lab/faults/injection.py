"""Faults begun and ended on a running bookstore, each with evidence of whether it landed."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import psutil

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.faults.fault import FOLLOWER, LEADER, Fault
from bookstore_lib.lab.supervisor.managed import is_stopped
from bookstore_lib.lab.supervisor.plan import SERVICES
from bookstore_lib.runtime.crash_points import CRASH_POINT, CrashPoint

_POLL = 0.01
_SIGNAL_SECONDS = 2.0
_SERVERS = ("redis", "postgres")


class Landing(NamedTuple):
    """How a fault went.

    Attributes:
        landed: Whether it had an effect.
        evidence: A sentence that says by what that was seen.
    """

    landed: bool
    evidence: str


class Injection(NamedTuple):
    """A fault under way.

    Attributes:
        fault: What it is; a leader is named.
        end: Undoes it, as far as nobody else has, and says how it went. To be called once.
        hit: Whether it has had its effect by now, where that takes more than to begin.
    """

    fault: Fault
    end: Callable[[], Landing]
    hit: Callable[[], bool] = lambda: True


def inject(shop: Bookstore, fault: Fault) -> Landing:
    """Do it, wait for as long as it lasts, and undo it.

    Raises:
        BookstoreError: It cannot be done: no such process or link, or the process is dead; nothing was changed.
    """
    injection = begin(shop, fault)
    try:
        _await(injection.hit, fault.within)
        time.sleep(fault.lasts)
    finally:
        landing = injection.end()
        _await_all(shop)
    return landing


def begin(shop: Bookstore, fault: Fault) -> Injection:
    """Do it; whoever calls ends it.

    Raises:
        BookstoreError: It cannot be done: no such process or link, or the process is dead; nothing was changed.
    """
    if {LEADER, FOLLOWER} & {fault.process, *fault.between}:
        fault = _aimed(shop, fault)
    return _BEGIN[fault.kind](shop, fault)


def make_whole(shop: Bookstore) -> None:
    """End every fault, whoever began it: afterwards all processes run, all links are whole, no trap is left.

    Raises:
        BookstoreError: A process does not start again.
    """
    shop.heal()
    _run_all(shop)
    _await_all(shop)
    for status in shop.processes():
        if status.name in SERVICES:
            shop.calm(status.name)
        elif status.name not in _SERVERS:
            shop.crash_at(status.name, "")
    _run_all(shop)  # a trap may have closed meanwhile
    _await_all(shop)


def _aimed(shop: Bookstore, fault: Fault) -> Fault:
    """The fault with its executors named."""
    leader = shop.leader
    running = [status.name for status in shop.processes() if status.state == "running"]
    followers = [name for name in running if name.startswith("executor-") and name != leader]
    if not followers and FOLLOWER in (fault.process, *fault.between):
        raise BookstoreError("There is no follower; start another executor.")
    named = {LEADER: leader, FOLLOWER: next(iter(followers), "")}
    between = tuple(named.get(name, name) for name in fault.between)
    return replace(fault, process=named.get(fault.process, fault.process), between=between)


def _kill(shop: Bookstore, fault: Fault) -> Injection:
    name, pid = fault.process, shop.process(fault.process).pid
    shop.kill(name)
    landed = pid is not None and _await(lambda: not psutil.pid_exists(pid), _SIGNAL_SECONDS)

    def end() -> Landing:
        _run(shop, name)
        return Landing(landed, f"{name} was killed and gone." if landed else f"{name} was not seen to go.")

    return Injection(fault, end)


def _freeze(shop: Bookstore, fault: Fault) -> Injection:
    name, pid = fault.process, shop.process(fault.process).pid
    shop.pause(name)
    landed = pid is not None and _await(lambda: is_stopped(pid), _SIGNAL_SECONDS)
    began = time.monotonic()

    def end() -> Landing:
        lasted = time.monotonic() - began
        if landed and not is_stopped(pid or 0):
            return Landing(landed, f"{name} was frozen, and somebody else let it go on or ended it.")
        _resume(shop, name)
        return Landing(landed, f"{name} was {'frozen' if landed else 'not seen to freeze'} for {lasted:.1f} s.")

    return Injection(fault, end)


def _cut(shop: Bookstore, fault: Fault) -> Injection:
    one, other = fault.between
    shop.cut(one, other, fault.how)
    what = "connections" if fault.how == "reset" else "chunks of bytes"
    done = {"reset": "broken or refused", "delay": "delayed"}.get(fault.how, "lost")

    def end() -> Landing:
        affected = shop.heal(one, other)
        return Landing(affected > 0, f"{affected or 'No'} {what} between {one} and {other} were {done}.")

    return Injection(fault, end)


def _trouble(shop: Bookstore, fault: Fault) -> Injection:
    name, kind = fault.process, "delay" if fault.kind == "slow" else fault.kind
    number = shop.trouble(name, kind, procedure=fault.procedure, seconds=fault.delay, calls=fault.calls)
    host = shop.process(name).host
    suffered = {"slow": "delayed", "unavailable": "refused", "lose_reply": "served without a reply"}[fault.kind]

    def end() -> Landing:
        status = shop.process(name)
        if status.host != host or status.state == "dead":
            return Landing(False, f"{name} was killed meanwhile, so nobody knows how many calls were {suffered}.")
        hits = shop.calm(name, number)
        if status.state == "paused":
            return Landing(False, f"{name} is frozen and could not say how many calls were {suffered}.")
        return Landing(hits > 0, f"{hits or 'No'} calls of {fault.procedure or 'any procedure'} were {suffered}.")

    return Injection(fault, end)


def _flush(shop: Bookstore, fault: Fault) -> Injection:
    keys = shop.flush()
    return Injection(fault, lambda: Landing(keys > 0, f"Redis forgot {keys or 'no'} keys."))


def _crash_point(shop: Bookstore, fault: Fault) -> Injection:
    name, point = fault.process, CrashPoint.parse(fault.at)
    host = shop.process(name).host
    crashes = _crashes(shop, host)
    shop.crash_at(name, fault.at)

    def hit() -> bool:
        return _crashes(shop, host) > crashes and shop.process(name).state != "running"

    def end() -> Landing:
        if not hit():
            shop.crash_at(name, "")
        if not hit():
            return Landing(False, f"{name} never came to {point.step}:{point.side}.")
        _resume(shop, name)
        _run(shop, name)
        did = "killed" if point.how == "kill" else "froze"
        return Landing(True, f"{name} {did} itself {point.side} {point.step}.")

    return Injection(fault, end, hit)


def _lose_tail(shop: Bookstore, fault: Fault) -> Injection:
    shop.kill("redis")
    (file,) = (shop.run_dir / "redis" / "data" / "appendonlydir").glob("*.incr.aof")
    size = file.stat().st_size
    lost = min(fault.lost, size)
    os.truncate(file, size - lost)

    def end() -> Landing:
        _run(shop, "redis")
        return Landing(lost > 0, f"Redis lost the last {lost} of the {size} bytes that it had written.")

    return Injection(fault, end)


_BEGIN: Mapping[str, Callable[[Bookstore, Fault], Injection]] = {
    "kill": _kill,
    "freeze": _freeze,
    "cut": _cut,
    "slow": _trouble,
    "unavailable": _trouble,
    "lose_reply": _trouble,
    "flush": _flush,
    "crash_point": _crash_point,
    "lose_tail": _lose_tail,
}


def _run_all(shop: Bookstore) -> None:
    for status in shop.processes():  # servers first
        _resume(shop, status.name)
        _run(shop, status.name)


def _run(shop: Bookstore, name: str) -> None:
    if shop.process(name).state == "dead":
        # A server is soon there, and others cannot be told anything without it.
        (shop.start if name in _SERVERS else shop.launch)(name)


def _await_all(shop: Bookstore) -> None:
    for status in shop.processes():
        if status.state == "running":
            shop.await_ready(status.name)


def _resume(shop: Bookstore, name: str) -> None:
    if shop.process(name).state == "paused":
        shop.resume(name)


def _crashes(shop: Bookstore, host: str) -> int:
    """How often a process has written that it was about to crash."""
    trace = shop.run_dir / "traces" / f"{host}.jsonl"
    whole_lines = trace.read_text(encoding="utf-8").split("\n")[:-1] if trace.exists() else []
    events = [TraceEvent.from_json(line) for line in whole_lines if CRASH_POINT in line]
    return sum(event.name == CRASH_POINT for event in events)


def _await(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < until:
        time.sleep(_POLL)
    return holds
