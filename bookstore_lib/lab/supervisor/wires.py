"""The links between the processes of a bookstore, and the relay process that can cut them."""

import contextlib
import json
import subprocess
import sys
from itertools import permutations
from typing import Any

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.servers.ports import ReservedPort, reserve_port
from bookstore_lib.lab.supervisor.plan import HOST, SERVICES, LabSettings, executor_names

# How a link can be cut.
CUTS = {
    "reset": "connections are broken at once, and new ones too: the other side is known to be gone",
    "silence": "what is sent disappears: nobody knows whether the other side is gone or slow",
    "mute": "requests arrive, replies disappear: what was asked for has happened, and nobody is told",
    "delay": "everything arrives, half a second later",
}


def link_names(settings: LabSettings) -> list[tuple[str, str]]:
    """Every link as (client, server)."""
    servers = [*SERVICES, "redis", "postgres"]
    executors = executor_names(settings)
    links = [(client, server) for client in ("orchestrator", *executors) for server in servers]
    # Each watches whichever of the others leads.
    return [*links, ("suggestions", "postgres"), *(permutations(executors, 2) if settings.watch else ())]


class Wires:
    """A relay for each link; whole until cut.

    Args:
        links: (client, server) pairs.
        targets: `host:port` by server.

    Raises:
        SetupError: There are no ports left.
    """

    def __init__(self, links: list[tuple[str, str]], targets: dict[str, str]) -> None:
        self._ports: dict[tuple[str, str], ReservedPort] = {link: reserve_port() for link in links}
        self._relay = subprocess.Popen(
            [sys.executable, "-m", "bookstore_lib.lab.supervisor.proxy"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._tell(
            {
                "links": {
                    _name(link): {"port": port.number, "target": targets[link[1]]} for link, port in self._ports.items()
                }
            }
        )

    def address(self, client: str, server: str) -> str:
        """`host:port` at which this client reaches this server."""
        return f"{HOST}:{self._ports[client, server].number}"

    def cut(self, one: str, other: str, how: str) -> dict[str, Any]:
        """Cut the link between two processes; returns how it is now.

        Raises:
            BookstoreError: There is no link between them, or no such way to cut.
        """
        if how not in CUTS:
            raise BookstoreError(f"A link cannot be cut by {how!r}; the ways are {', '.join(CUTS)}.")
        cuts = [self._tell({"do": "cut", "link": _name(link), "how": how}) for link in self._links(one, other)]
        return {"how": how, "connections": sum(cut["connections"] for cut in cuts)}

    def heal(self, *between: str) -> dict[str, Any]:
        """Make the link between two processes whole, or every one; returns what the cuts affected, by link.

        Raises:
            BookstoreError: There is no such link.
        """
        links = self._links(*between) if between else list(self._ports)
        return {_name(link): self._tell({"do": "heal", "link": _name(link)})["affected"] for link in links}

    def close(self) -> None:
        """End the relay."""
        self._relay.communicate()
        for port in self._ports.values():
            port.release()

    def _links(self, one: str, other: str) -> list[tuple[str, str]]:
        """The link of each to the other, as far as there are any."""
        links = [link for link in ((one, other), (other, one)) if link in self._ports]
        if not links:
            raise BookstoreError(f"There is no link between {one!r} and {other!r}; links are {_listed(self._ports)}.")
        return links

    def _tell(self, order: dict[str, Any]) -> dict[str, Any]:
        if self._relay.stdin is None or self._relay.stdout is None:
            raise AssertionError("The relay is started with pipes.")
        line = ""
        with contextlib.suppress(OSError):
            self._relay.stdin.write(json.dumps(order) + "\n")
            self._relay.stdin.flush()
            line = self._relay.stdout.readline()
        if not line:
            raise BookstoreError("The relay of the links has died; start a new bookstore.")
        return dict(json.loads(line)["ok"])


def _name(link: tuple[str, str]) -> str:
    return ">".join(link)


def _listed(links: dict[tuple[str, str], ReservedPort]) -> str:
    return ", ".join(_name(link) for link in links)
