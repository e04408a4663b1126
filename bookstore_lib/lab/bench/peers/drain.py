"""How fast a peer works a backlog off, on the services of a bookstore whose executors are stopped."""

import itertools

from bookstore_lib.lab.bench.peers.keys import DONE
from bookstore_lib.lab.bench.peers.place import place
from bookstore_lib.lab.bench.peers.table import Peer, Setting
from bookstore_lib.lab.bench.peers.workers import run, running
from bookstore_lib.lab.bench.watch import Drain, cpu_of, look_on
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.runtime.redis_client import connect

_runs = itertools.count(1)


def drain(shop: Bookstore, peer: Peer, setting: Setting, orders: int, transport: str = "unary") -> Drain:
    """Queue orders while no worker runs, and look on while they are worked off.

    Args:
        shop: Its executors are stopped.
        peer: Who works.
        setting: How.
        orders: How many.
        transport: How jobs call the services.

    Raises:
        BookstoreError: They are not worked off.
    """
    where = place(shop, transport, setting.concurrency)
    with connect(where.redis_url) as client:
        client.flushdb()
        # Services remember the clocks of orders that they have cleared, so each run has ids of its own.
        prefix = f"{peer.module}-{next(_runs)}"
        run([f"{__package__}.enqueue", peer.module, prefix, str(orders)], where)
        with running(setting.commands, where) as workers:
            return look_on(orders, lambda: int(client.get(DONE) or 0), lambda: cpu_of(shop.supervisor_pid, workers))
