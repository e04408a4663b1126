"""Time and threads that the simulation steps through, in the place of the real ones."""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from bookstore_lib.runtime import checkout, election, rpc_client
from bookstore_lib.runtime.rpc_context import Received
from services.orchestrator import desk, pricing
from services.order_executor import worker
from services.order_executor.places import Places


class Nature:
    """What the product's code asks the modules `time` and `secrets`, and what decides ties: the same in each run."""

    def __init__(self) -> None:
        self.start(0)

    def start(self, ties: int) -> None:
        """Begin a run; `ties` decides what comes first of what may happen at the same time."""
        self.now, self._tokens, self.random = 1000.0, 0, Random(ties)

    def monotonic(self) -> float:
        return self.now

    time = monotonic

    def thread_time(self) -> float:
        return 0.0

    def token_hex(self, _bytes: int) -> str:
        self._tokens += 1
        return f"order-{self._tokens}"

    def one_of(self, pending: Mapping["Job", str], return_when: str) -> tuple[list["Job"], None]:  # noqa: ARG002 - asked for
        """Stands for `concurrent.futures.wait`: carries out one of the jobs, and says which."""
        job = self.random.choice(list(pending))
        job.run()
        return [job], None


class Job:
    """A call that was handed to a pool of threads: a future that is carried out when somebody decides so."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call, self._result = call, None

    def run(self) -> None:
        self._result = self._call()

    def result(self) -> Any:
        return self._result


class Pool:
    """Stands for `ThreadPoolExecutor`: what is handed to it waits, in `jobs`, until somebody carries it out."""

    def __init__(self, _threads: int, _prefix: str) -> None:
        self.jobs: deque[Job] = deque()

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Job:
        self.jobs.append(Job(partial(call, *arguments)))
        return self.jobs[-1]

    def shutdown(self) -> None:
        while self.jobs:
            self.jobs.popleft().run()


class CheckPool(Pool):
    """The pool of a checkout: `Nature.one_of` carries out its jobs."""

    def submit(self, call: Callable[..., Any], *arguments: Any) -> Job:
        return Job(partial(call, *arguments))


class Waits:
    """An event that never blocks: who would have waited is told to come back later.

    Args:
        pause: Told the seconds for which the thread would have waited.
    """

    def __init__(self, pause: Callable[[float], None]) -> None:
        self._pause, self._set = pause, False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True

    def wait(self, seconds: float) -> None:
        self._pause(seconds)


class FreePlaces(Places):
    """Places for which nobody waits: the others act instead.

    Args:
        most: Orders at the same time.
        pause: Told the seconds for which the thread would have waited for a place.
        act: Does something of what the orders in flight wait for.
    """

    def __init__(self, most: int, pause: Callable[[float], None], act: Callable[[], None]) -> None:
        super().__init__(most)
        self._pause, self._act = pause, act

    def free(self, timeout: float, *, alone: bool = False) -> int:
        free = super().free(0, alone=alone)
        if not free:
            self._pause(timeout)
        return free

    def wait_until_all_left(self) -> None:
        while self._taken:
            self._act()


@contextmanager
def simulated(nature: Nature) -> Iterator[None]:
    """For the time of the block, the product's code has this time, no threads, and says nothing in its logs."""
    jitter = SimpleNamespace(uniform=lambda least, _most: least)
    stand_ins = [
        *((module, "time", nature) for module in (worker, election, desk)),
        (desk, "ThreadPoolExecutor", Pool),
        (pricing, "secrets", nature),
        (election, "random", jitter),
        (checkout, "ThreadPoolExecutor", CheckPool),
        (checkout, "wait", nature.one_of),
        (rpc_client, "to_metadata", Received),
        (rpc_client, "from_metadata", lambda received: received or None),
    ]
    logging.disable(logging.CRITICAL)
    with ExitStack() as parts:
        parts.callback(logging.disable, logging.NOTSET)
        for module, name, stand_in in stand_ins:
            parts.enter_context(patch.object(module, name, stand_in))
        yield
