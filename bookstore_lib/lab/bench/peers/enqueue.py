"""Queue a backlog for a peer: `python -m bookstore_lib.lab.bench.peers.enqueue <module> <prefix of ids> <orders>`."""

import asyncio
import sys
from importlib import import_module


async def enqueue(module: str, prefix: str, orders: int) -> None:
    """Queue orders, one after the other.

    Args:
        module: The peer's, in this package.
        prefix: Of the orders' ids.
        orders: How many.
    """
    peer = import_module(f"{__package__}.{module}")
    await peer.start()
    for number in range(orders):
        await peer.push(f"{prefix}-{number}")


if __name__ == "__main__":
    asyncio.run(enqueue(sys.argv[1], sys.argv[2], int(sys.argv[3])))
