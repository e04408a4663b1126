"""Where a peer works: beside the executors of a bookstore, on its services and its Redis."""

from urllib.parse import urlsplit

from bookstore_lib.lab.bench.peers.keys import ANSWERS, CONCURRENCY
from bookstore_lib.lab.bench.peers.workers import Place
from bookstore_lib.lab.bench.told import told
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.runtime.settings import variable
from bookstore_lib.runtime.starter import WATCH_STDIN

# Of Redis, so that a peer's keys are by themselves.
_DATABASE = "/1"
# Seconds: where a call is late a job would fail, and the peer not do all of the work.
_DEADLINE = "30"


def place(shop: Bookstore, transport: str = "unary", concurrency: int = 0, *, answers: bool = False) -> Place:
    """Where a peer works on the services of a bookstore: it is told what the orchestrator is.

    Args:
        shop: A running bookstore.
        transport: How jobs call the services.
        concurrency: Jobs that an event loop has under way.
        answers: Whether jobs tell a customer who waits.
    """
    env = told(shop)
    redis_url = urlsplit(shop.redis_url)._replace(path=_DATABASE).geturl()
    own = {"process": "peer", "transport": transport, "redis_url": redis_url, "call_deadline": _DEADLINE}
    env |= {variable(name): value for name, value in own.items()}
    env |= {"RQ_REDIS_URL": redis_url, CONCURRENCY: str(concurrency), ANSWERS: "1" if answers else ""}
    del env[WATCH_STDIN]
    return Place(env, shop.run_dir / "logs" / "peers.log", redis_url)
