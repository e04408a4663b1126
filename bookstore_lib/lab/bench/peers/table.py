"""Who is compared with: how their workers are started, and what becomes of a job when its worker is killed."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple

_HERE = __package__


class Setting(NamedTuple):
    """A way to run a peer's workers on a few cores.

    Attributes:
        name: Such as `2 processes of 8 threads`.
        commands: The worker processes to start, each as arguments of `python -m`.
        concurrency: How many jobs an event loop has under way, where the command cannot say it.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    concurrency: int = 0


class Peer(NamedTuple):
    """A queue that people would use instead.

    Attributes:
        name: What people call it.
        module: What has its job, `start` and `push`.
        packages: What has to be installed, by the names that are imported.
        loop: Whether its jobs are coroutines on an event loop.
        durability: What happens to a job whose worker is killed.
        settings: The best ones that we know, best first.
    """

    name: str
    module: str
    packages: tuple[str, ...]
    loop: bool
    durability: str
    settings: tuple[Setting, ...]

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        return all(find_spec(package) is not None for package in self.packages)


def missing(peers: Sequence[Peer]) -> str:
    """What to tell about peers that are not installed, as one line; empty when all are."""
    names = [peer.name for peer in peers if not peer.installed]
    if not names:
        return ""
    arq = " (arq by itself: pip install --no-deps arq)" if "arq" in names else ""
    return f"Left out, not installed: {', '.join(names)}. To compare with them: pip install -e '.[bench]'{arq}."


def _times(count: int, *command: str) -> tuple[tuple[str, ...], ...]:
    return (command,) * count


def _rq(workers: int) -> Setting:
    # A worker that forks for each job, RQ's own default, hangs: gRPC does not bear a fork.
    command = ("rq.cli", "worker", "-q", "-w", "rq.SimpleWorker", "--disable-job-desc-logging")
    return Setting(f"{workers} simple workers", _times(workers, *command))


def _celery(threads: int) -> Setting:
    lean = ("--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "error")
    run = ("celery", "-A", f"{_HERE}.celery_app", "worker", "-P", "threads", "-c", str(threads), *lean)
    name = f"2 workers of {threads} threads, acks_late, prefetch 4"
    return Setting(name, tuple((*run, "-n", f"peer-{number}@%h") for number in range(2)))


def _dramatiq(threads: int) -> Setting:
    run = ("dramatiq", f"{_HERE}.dramatiq_app", "--processes", "2", "--threads", str(threads))
    return Setting(f"2 processes of {threads} threads", (run,))


def _huey(threads: int) -> Setting:
    run = ("huey.bin.huey_consumer", f"{_HERE}.huey_app.huey", "-k", "thread", "-w", str(threads), "-n", "-q")
    return Setting(f"2 consumers of {threads} threads", _times(2, *run))


def _saq(jobs: int) -> Setting:
    return Setting(f"2 workers, {jobs} jobs each", _times(2, "saq", f"{_HERE}.saq_app.settings"), jobs)


def _arq(jobs: int) -> Setting:
    return Setting(f"2 workers, {jobs} jobs each", _times(2, "arq", f"{_HERE}.arq_app.WorkerSettings"), jobs)


def _taskiq(jobs: int) -> Setting:
    more = ("--workers", "2", "--max-async-tasks", str(jobs), "--max-prefetch", str(jobs))
    acks = ("--ack-type", "when_executed", "--log-level", "WARNING", "--no-parse")
    run = ("taskiq", "worker", f"{_HERE}.taskiq_app:broker", *more, *acks)
    return Setting(f"stream broker, 2 workers, {jobs} jobs each, uvloop", (run,))


_DRAMATIQ = (_dramatiq(16), _dramatiq(32))
_TASKIQ = (_taskiq(64), _taskiq(128))
PEERS = (
    Peer("RQ", "rq_app", ("rq",), False, "it goes to the failed jobs", (_rq(4), _rq(2))),
    Peer("Celery", "celery_app", ("celery",), False, "it is taken up an hour later", (_celery(16), _celery(8))),
    Peer("Dramatiq", "dramatiq_app", ("dramatiq",), False, "it is taken up a minute later", _DRAMATIQ),
    Peer("Huey", "huey_app", ("huey",), False, "it is lost", (_huey(16), _huey(8))),
    Peer("SAQ", "saq_app", ("saq",), True, "a sweep takes it up, one a minute", (_saq(64), _saq(128))),
    Peer("arq", "arq_app", ("arq",), True, "it is taken up after its timeout of 300 s", (_arq(16), _arq(64))),
    Peer("taskiq", "taskiq_app", ("taskiq", "taskiq_redis"), True, "it is taken up ten minutes later", _TASKIQ),
)
