"""The watcher: looks ten times a second, for all who want to be told, and only while somebody does.

It costs little because it asks little: new lines of the traces (nine `stat` calls), one round trip to Redis, and the
supervisor only when the lab did something, or once a second.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from weakref import WeakKeyDictionary, ref

import redis

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.controls import ProcessStatus
from bookstore_lib.lab.watch.tail import TraceTail
from bookstore_lib.lab.watch.view import Beliefs, Coordination, View, compose
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.redis_lease import LOCK_KEY, read_claim
from bookstore_lib.runtime.redis_queue import PROCESSING, QUEUE

TICK = 0.1
_STATUS_EVERY = 1.0
_REDIS_SECONDS = 0.5
_KEPT_ORDERS = 12
_REPEATED = ("renewed", "waiting")

Listener = Callable[["Watch"], None]


class Watch:
    """Looks at one bookstore in a thread of its own, and keeps nothing alive.

    Args:
        shop: A running bookstore.

    Attributes:
        view: The last look.
        process_events: What the processes and the lab wrote that belongs to no order, by wall clock; of the
            renewals and waits of a process only the last.
        orders: Events of the last orders, oldest order first.
        running: Whether the bookstore still runs.
    """

    def __init__(self, shop: Bookstore) -> None:
        self._shop = ref(shop)
        self._redis = connect(shop.redis_url, timeout=_REDIS_SECONDS)
        self._tail = TraceTail(shop.run_dir / "traces")
        self._beliefs = Beliefs()
        self._statuses: list[ProcessStatus] = []
        self._asked = 0.0
        self._repeated: dict[tuple[str, str], TraceEvent] = {}
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.view = View()
        self.process_events: list[TraceEvent] = []
        self.orders: OrderedDict[str, list[TraceEvent]] = OrderedDict()
        self.running = True

    def add(self, listener: Listener) -> None:
        """Tell a listener at once and then at every look, in the watcher's thread."""
        with self._lock:
            if self._thread is None:
                self.look()
                self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()
            self._listeners.append(listener)
        listener(self)

    def remove(self, listener: Listener) -> None:
        """Tell it no more; harmless where it is not told."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    @property
    def looking(self) -> bool:
        """Whether its thread runs: only while somebody wants to be told, and the bookstore runs."""
        return self._thread is not None

    def look(self) -> None:
        """Look once. A bookstore that has ended is as it was, but for `running`."""
        shop = self._shop()
        self.running = shop is not None and shop.close.alive
        if shop is None or not self.running:
            return
        new = self._tail.read()
        self._sort(new)
        acted = any(event.process == "lab" or event.name == "started" for event in new)
        if acted or time.monotonic() >= self._asked + _STATUS_EVERY:
            try:
                self._statuses = shop.processes()
            except BookstoreError:  # it ends at this moment
                self.running = shop.close.alive
            self._asked = time.monotonic()
        self.view = compose(self._statuses, self._beliefs, self._coordination())

    def _sort(self, events: list[TraceEvent]) -> None:
        own = [event for event in events if not event.order_id]
        self._beliefs.learn(own)
        for event in own:
            self._keep(event)
        for event in events:
            if event.order_id:
                self.orders.setdefault(event.order_id, []).append(event)
        while len(self.orders) > _KEPT_ORDERS:
            self.orders.popitem(last=False)

    def _keep(self, event: TraceEvent) -> None:
        """A renewal or a wait makes the one before it uninteresting: an idle bookstore does not grow."""
        if event.name in _REPEATED:
            before = self._repeated.get((event.process, event.name))
            self.process_events = [kept for kept in self.process_events if kept is not before]
            self._repeated[event.process, event.name] = event
        self.process_events.append(event)

    def _coordination(self) -> Coordination:
        hosts = [status.host for status in self._statuses if status.name.startswith("executor-")]
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.get(LOCK_KEY)
                pipe.pttl(LOCK_KEY)
                for key in (QUEUE, *(PROCESSING + host for host in hosts)):
                    pipe.llen(key)
                lock, left, waiting, *held = pipe.execute()
        except redis.RedisError:
            return Coordination(answers=False)
        until = time.time() + left / 1000 if left > 0 else 0.0
        return Coordination(read_claim(lock).holder if lock else None, until, waiting, sum(held))

    def _run(self) -> None:
        due = time.monotonic()
        while True:
            self.look()
            with self._lock:
                listeners = list(self._listeners)
                over = not listeners or not self.running
                if over:  # under the lock: whoever comes next opens both again
                    self._redis.close()
                    self._thread = None
            for listener in listeners:
                listener(self)
            if over:
                return
            due = max(due + TICK, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


_watches: WeakKeyDictionary[Bookstore, Watch] = WeakKeyDictionary()
_making = threading.Lock()


def watch(shop: Bookstore) -> Watch:
    """The watcher of a bookstore; all who ask get the same one."""
    with _making:
        if shop not in _watches:
            _watches[shop] = Watch(shop)
        return _watches[shop]
