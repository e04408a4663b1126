"""What the supervisor can be asked to do to a running bookstore."""

import signal
import time
from collections.abc import Callable
from typing import Any

from bookstore_lib.core.checkout_graph import STEPS
from bookstore_lib.core.errors import BookstoreError, SetupError
from bookstore_lib.lab.supervisor.fleet import STOP_SECONDS, Fleet
from bookstore_lib.lab.supervisor.managed import Managed
from bookstore_lib.lab.supervisor.plan import SERVICES

_RESTART_SECONDS = 20.0
_RETRY_PAUSE = 0.1
# What each service can be asked to do for an order.
PROCEDURES = {
    service: [*(step.procedure for step in STEPS.values() if step.service == service), "ClearOrder"]
    for service in SERVICES
}


class Orders:
    """Carries out what it is asked, and notes it in the fleet's diary.

    Args:
        fleet: A started one.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out one order and return its answer.

        Raises:
            BookstoreError: It makes no sense now.
        """
        if order["do"] == "status":
            return {name: _status(process) for name, process in self._fleet.processes.items()}
        if order["do"] in ("cut", "heal"):
            return self._wire(order)
        if order["do"] == "note":
            self._fleet.diary.note(order["name"], **order["detail"])
            return {}
        process = self._process(order["process"])
        telling = {"crash_at": self._crash_at, "trouble": self._trouble, "calm": self._calm, "settings": _reconfigure}
        if order["do"] in telling:
            return telling[order["do"]](process, order)
        actions: dict[str, Callable[[Managed], None]] = {
            "kill": self._kill,
            "pause": self._pause,
            "resume": self._resume,
            "launch": self._launch,
            "start": self._start_again,
            "await_ready": self._await_ready,
            "stop": self._stop_one,
        }
        actions[order["do"]](process)
        return _status(process)

    def _process(self, name: str) -> Managed:
        process = self._fleet.processes.get(name)
        if process is None:
            raise BookstoreError(f"There is no process {name!r}; there are {', '.join(self._fleet.processes)}.")
        return process

    def _crash_at(self, process: Managed, order: dict[str, Any]) -> dict[str, Any]:
        if order["at"]:
            self._require_alive(process)
            if process.name in SERVICES:
                raise BookstoreError(f"{process.name} has no crash points; the orchestrator and the executors have.")
            process.tell(order)
            process.watch_over()  # nobody can do it at the moment at which it freezes itself
            return {}
        return self._tell_or_leave(process, order)

    def _trouble(self, process: Managed, order: dict[str, Any]) -> dict[str, Any]:
        self._require_alive(process)
        if process.name not in SERVICES:
            raise BookstoreError(f"{process.name} serves no calls to make trouble with; {', '.join(SERVICES)} do.")
        procedure, own = order["trouble"]["procedure"], PROCEDURES[process.name]
        if procedure and procedure not in own:
            raise BookstoreError(f"{process.name} has no procedure {procedure!r}; it has {', '.join(own)}.")
        answer = process.tell(order)
        self._fleet.diary.note("troubled", process=process.host, **order["trouble"])
        return answer

    def _calm(self, process: Managed, order: dict[str, Any]) -> dict[str, Any]:
        answer = self._tell_or_leave(process, order)
        self._fleet.diary.note("calmed", process=process.host)
        return {"hits": 0} | answer

    def _tell_or_leave(self, process: Managed, order: dict[str, Any]) -> dict[str, Any]:
        """Tell what is to end; a dead process has nothing to end, and a frozen one will hear it when it goes on."""
        if process.state == "running":
            return process.tell(order)
        process.send(order)
        return {}

    def _wire(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._fleet.wires is None:
            if order["do"] == "heal" and not order["between"]:
                return {}  # they are all whole
            raise BookstoreError("The links of this bookstore cannot be cut; start it with Bookstore(links=True).")
        if order["do"] == "heal":
            affected = self._fleet.wires.heal(*order["between"])
            self._fleet.diary.note("healed", **({"between": order["between"]} if order["between"] else {}))
            return affected
        one, other = order["between"]
        cut = self._fleet.wires.cut(one, other, order["how"])
        self._fleet.diary.note("cut", between=[one, other], how=order["how"])
        return cut

    def _kill(self, process: Managed) -> None:
        self._require_alive(process)
        # Written first: a follower may have taken over before its parent knows that it has gone.
        self._fleet.diary.note("killed", process=process.host)
        process.signal(signal.SIGKILL)

    def _pause(self, process: Managed) -> None:
        self._require_alive(process)
        process.signal(signal.SIGSTOP)
        self._fleet.diary.note("paused", process=process.host)

    def _resume(self, process: Managed) -> None:
        self._require_alive(process)
        self._fleet.diary.note("resumed", process=process.host)
        process.signal(signal.SIGCONT)

    def _start_again(self, process: Managed) -> None:
        self._launch(process)
        self._await_ready(process)

    def _launch(self, process: Managed) -> None:
        if process.state != "dead":
            raise BookstoreError(f"{process.name} is {process.state} already; kill or stop it first.")
        process.start()
        self._fleet.diary.note("started", process=process.host)

    def _await_ready(self, process: Managed) -> None:
        until = time.monotonic() + _RESTART_SECONDS
        while True:
            try:
                return process.await_ready(until)
            except SetupError:
                # After SIGKILL, PostgreSQL refuses to start until the helpers of its former life have gone.
                if process.name not in self._fleet.servers or process.state != "dead" or time.monotonic() > until:
                    raise
            time.sleep(_RETRY_PAUSE)
            process.start()

    def _stop_one(self, process: Managed) -> None:
        self._require_alive(process)
        process.begin_stop()
        process.finish_stop(time.monotonic() + STOP_SECONDS)
        self._fleet.diary.note("stopped", process=process.host)

    def _require_alive(self, process: Managed) -> None:
        if process.state == "dead":
            raise BookstoreError(f"{process.name} is dead; start it first.")


def _reconfigure(process: Managed, order: dict[str, Any]) -> dict[str, Any]:
    process.reconfigure(order["env"])
    return {}


def _status(process: Managed) -> dict[str, Any]:
    return {"state": process.state, "pid": process.pid, "host": process.host, "starts": process.starts}
