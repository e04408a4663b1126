"""Every process, what it is and what can be done to it."""

import time
from collections.abc import Callable
from typing import Any

import ipywidgets

from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.panels import html
from bookstore_lib.lab.panels.panel import Panel, row
from bookstore_lib.lab.panels.process_row import ProcessRow
from bookstore_lib.lab.watch import View, Watch

# A renewal moves the end of the lease by more; reading it twice moves it by less.
_SAME_LEASE = 0.15


class ClusterPanel(Panel):
    """Every process with its role, epoch, health and restarts, and buttons to kill, freeze, resume, restart and cut.

    It shows who leads, how long the queue is, and how the lease runs down, and brings itself up to date.

    Args:
        shop: A running bookstore.
    """

    def __init__(self, shop: Bookstore) -> None:
        super().__init__(shop, "Processes")
        self._rows = {status.name: self._row(status.name) for status in shop.processes()}
        self._lease = ipywidgets.HTML()
        self._queue = ipywidgets.HTML()
        self._until, self._holder = -1.0, ""
        self.kill_button = self._button(
            "Kill the leader", "End the leading executor at once (SIGKILL)", self.kill_leader, "danger"
        )
        self.start_button = self._button(
            "Start the dead again", "Start every process that is dead", self.start_dead, doing="Starting..."
        )
        ordered = sorted(self._rows, key=lambda name: (not name.startswith("executor-"), name))
        self._compose(
            row(self._lease, self._queue),
            *(self._rows[name].widget for name in ordered),
            row(self.kill_button, self.start_button),
            self._message,
        )
        self._follow()

    def kill_leader(self) -> str:
        """What the button does, for a cell: kill the leader and wait for the next; returns the next leader."""
        killed = self._shop.leader
        self._shop.kill(killed)
        self._say(f"{killed} was killed. Waiting until its lock expires...")
        leader = self._shop.await_leader(other_than=killed)
        self._say(f"{killed} was killed. {leader} leads now.")
        return leader

    def start_dead(self) -> list[str]:
        """What the button does, for a cell: start every dead process; returns their names."""
        dead = [process.name for process in self._shop.processes() if process.state == "dead"]
        for name in dead:
            self._shop.start(name)
        started = f"Started {', '.join(dead)}. " if dead else "Nothing was dead. "
        self._say(f"{started}{self._shop.leader} leads.")
        return dead

    def row(self, process: str) -> ProcessRow:
        """The line of a process."""
        return self._rows[process]

    @property
    def lease(self) -> str:
        """The bar of the lease, as HTML."""
        return str(self._lease.value)

    @property
    def queue(self) -> str:
        """What is said of the queue, as HTML."""
        return str(self._queue.value)

    def button(self, process: str, action: str) -> Any:
        """One of a process's buttons: `kill`, `freeze`, `resume`, `restart`, `cut off` or `reconnect`."""
        return self._rows[process].buttons[action]

    def _row(self, name: str) -> ProcessRow:
        shop = self._shop

        def make(label: str, tooltip: str, act: Callable[[str], object], done: str) -> Any:
            def work() -> None:
                act(name)
                self._say(f"{name} {done}")

            return self._button(label, tooltip, work, doing=f"{name}: {label.lower()}...")

        return ProcessRow(
            name,
            {
                "kill": make("Kill", f"End {name} at once (SIGKILL)", shop.kill, "was killed."),
                "freeze": make("Freeze", f"Stop {name} where it is (SIGSTOP)", shop.pause, "is frozen."),
                "resume": make("Resume", f"Let {name} go on (SIGCONT)", shop.resume, "goes on."),
                "restart": make("Restart", f"End {name} and start it again", shop.restart, "was started again."),
                "cut off": make("Cut off", f"Cut every link of {name}", shop.cut_off, "is cut off."),
                "reconnect": make("Reconnect", f"Mend every link of {name}", shop.reconnect, "is connected again."),
            },
        )

    def _show(self, seen: Watch) -> None:
        for process in seen.view.processes:
            shown = self._rows[process.name]
            shown.show(process)
            for action, allowed in shown.sensible(process, links=self._shop.settings.links).items():
                self._allow(shown.buttons[action], allowed)
        self._allow(self.kill_button, bool(seen.view.leader))
        self._allow(self.start_button, bool(seen.view.dead))
        self._show_coordination(seen.view)

    def _show_coordination(self, view: View) -> None:
        now = view.coordination
        if not now.answers:
            self._queue.value = html.status("Redis does not answer: nobody can hold the lock, nobody sees the queue.")
        else:
            self._queue.value = html.status(f"Queue: {now.waiting} waiting, {now.under_way} under way.")
        # Only when it was renewed or has another holder: the browser lets the bar run down by itself.
        holder = now.holder or ""
        if holder != self._holder or abs(now.until - self._until) > _SAME_LEASE:
            self._holder, self._until = holder, now.until
            self._lease.value = html.lease_bar(holder, now.until - time.time(), self._shop.settings.lease_ttl)
