"""What the processes of a running bookstore were told, so that others can work beside them."""

import psutil

from bookstore_lib.lab.cluster import Bookstore


def told(shop: Bookstore) -> dict[str, str]:
    """The environment of its orchestrator: the addresses of all services and servers, and their secrets."""
    return psutil.Process(shop.process("orchestrator").pid).environ()
