"""Who leads, and a button that kills the leader."""

import ipywidgets

from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.panels.panel import Panel


class LeaderPanel(Panel):
    """Shows who leads; kills the leader and waits for the next; starts dead executors again.

    Args:
        shop: A running bookstore.
    """

    def __init__(self, shop: Bookstore) -> None:
        super().__init__()
        self._shop = shop
        self.kill_button = self._button(
            "Kill the leader", "End the leading executor at once (SIGKILL)", self._kill, "danger"
        )
        self.start_button = self._button("Start the dead again", "Start every executor that is dead", self._start_dead)
        self.widget.children = [self._message, ipywidgets.HBox([self.kill_button, self.start_button])]
        self._say(f"{shop.leader} leads.")

    def kill_leader(self) -> str:
        """What the button does, for a cell: kill the leader and wait for the next; returns the next leader."""
        killed = self._shop.leader
        self._shop.kill(killed)
        self._say(f"{killed} was killed. Waiting until its lock expires...")
        leader = self._shop.await_leader(other_than=killed)
        self._say(f"{killed} was killed. {leader} leads now.")
        return leader

    def start_dead(self) -> list[str]:
        """What the button does, for a cell: start every dead executor; returns their names."""
        dead = [p.name for p in self._shop.processes() if p.state == "dead" and p.name.startswith("executor-")]
        for name in dead:
            self._shop.start(name)
        started = f"Started {', '.join(dead)}. " if dead else "No executor was dead. "
        self._say(f"{started}{self._shop.leader} leads.")
        return dead

    def _kill(self) -> None:
        self.kill_leader()

    def _start_dead(self) -> None:
        self.start_dead()
