"""What can be done to the processes and the links of a running bookstore."""

from dataclasses import asdict
from typing import Any, NamedTuple

from redis import Redis, RedisError

from bookstore_lib.core.errors import BookstoreError, UnavailableError
from bookstore_lib.runtime.redis_client import connect
from bookstore_lib.runtime.rpc_trouble import Trouble


class ProcessStatus(NamedTuple):
    """A process of the bookstore.

    Attributes:
        name: Such as `executor-2`.
        state: `running`, `paused` or `dead`.
        pid: Its process id; `None` when dead.
        host: Its name in clocks and traces: each life of a process is a host of its own, `executor-2~1` the second.
        restarts: How often it was started again.
    """

    name: str
    state: str
    pid: int | None
    host: str
    restarts: int


class Controls:
    """The levers of a `Bookstore`; what makes no sense is refused in a sentence and changes nothing."""

    _redis_url: str
    _redis_is_ours: bool

    def processes(self) -> list[ProcessStatus]:
        """All processes and how they are."""
        status = self._tell({"do": "status"})
        return [ProcessStatus(name, s["state"], s["pid"], s["host"], s["starts"] - 1) for name, s in status.items()]

    def process(self, name: str) -> ProcessStatus:
        """One process and how it is.

        Raises:
            BookstoreError: There is no such process.
        """
        processes = {status.name: status for status in self.processes()}
        if name not in processes:
            raise BookstoreError(f"There is no process {name!r}; there are {', '.join(processes)}.")
        return processes[name]

    def kill(self, process: str) -> None:
        """End a process at once, as a crash would (SIGKILL).

        Raises:
            BookstoreError: There is no such process, or it is dead already.
        """
        self._do("kill", process)

    def pause(self, process: str) -> None:
        """Freeze a process (SIGSTOP): it does nothing, and does not know."""
        self._do("pause", process)

    def resume(self, process: str) -> None:
        """Let a frozen process go on (SIGCONT)."""
        self._do("resume", process)

    def stop(self, process: str) -> None:
        """Ask a process to end in order (SIGTERM); a leader hands over."""
        self._do("stop", process)

    def start(self, process: str) -> None:
        """Start a dead process again, and wait until it is ready."""
        self._do("start", process)

    def launch(self, process: str) -> None:
        """Start a dead process again, and leave it to `await_ready` to wait until it is ready."""
        self._do("launch", process)

    def await_ready(self, process: str) -> None:
        """Wait until a process that was launched is ready; at once where it is.

        Raises:
            BookstoreError: It ended, or takes too long.
        """
        self._do("await_ready", process)

    def cut(self, one: str, other: str, how: str = "silence") -> None:
        """Cut the link between two processes, such as `executor-2` and `redis`.

        Args:
            one: A process.
            other: One that it talks to, or that talks to it.
            how: `silence`: what is sent disappears; `reset`: connections break; `mute`: requests arrive, replies
                disappear; `delay`: everything arrives half a second later.

        Raises:
            BookstoreError: There is no such link, or links cannot be cut here.
        """
        self._tell({"do": "cut", "between": [one, other], "how": how})

    def heal(self, *between: str) -> int:
        """Make the link between two processes whole again, or all links where none is named.

        Returns:
            What the cuts affected: connections broken or refused, and chunks of bytes lost or delayed.
        """
        affected: dict[str, int] = self._tell({"do": "heal", "between": between})
        return sum(affected.values())

    def trouble(self, process: str, kind: str, *, procedure: str = "", seconds: float = 0.0, calls: int = 0) -> int:
        """Make a gRPC service slow or failing, until `calm`; its health checks never are.

        Args:
            process: `transaction_verification`, `fraud_detection` or `suggestions`.
            kind: `delay`: calls wait for `seconds` before they are served; `unavailable`: they are refused;
                `lose_reply`: they are served, and their callers are told that the service is unavailable.
            procedure: The one that suffers, such as `CheckFraud`; all of them when empty.
            seconds: How long each call is delayed.
            calls: How many calls suffer; all of them when 0. Callers try a call again up to four times.

        Returns:
            The trouble's number, for `calm`.

        Raises:
            BookstoreError: This makes no sense, or the process is dead or frozen.
        """
        trouble = Trouble(kind, procedure, seconds, calls)
        number: int = self._tell({"do": "trouble", "process": process, "trouble": asdict(trouble)})["number"]
        return number

    def calm(self, process: str, number: int = 0) -> int:
        """End one trouble of a service, or all of them.

        Returns:
            How many calls were hit; 0 where the process is frozen (it ends the trouble when it goes on) or was killed.
        """
        hits: int = self._tell({"do": "calm", "process": process, "number": number})["hits"]
        return hits

    def crash_at(self, process: str, at: str) -> None:
        """Have a process kill or freeze itself, once, when it next comes to a step.

        Args:
            process: The orchestrator or an executor.
            at: `<step>:before|after[:kill|freeze]`, such as `settle:after:freeze`; empty: nowhere any more. The steps
                are those of `bookstore_lib.runtime.crash_points`.

        Raises:
            BookstoreError: There is no such crash point, or the process is dead or frozen.
        """
        self._tell({"do": "crash_at", "process": process, "at": at})

    def flush(self) -> int:
        """Have Redis forget everything: the lock, the queue, what is under way (FLUSHALL).

        Returns:
            How many keys were there just before.

        Raises:
            BookstoreError: Redis does not answer, or it is not this bookstore's own.
        """
        if not self._redis_is_ours:
            raise BookstoreError("This Redis was there before the bookstore and may serve others; it is not flushed.")
        self._require_running()
        try:
            with connect(self._redis_url) as client, client.pipeline(transaction=True) as pipe:
                keys, _ = pipe.dbsize().flushall().execute()
        except RedisError as error:
            raise UnavailableError("Redis does not answer; start or resume it before it is flushed.") from error
        self.note("flushed")
        return int(keys)

    def redis(self) -> Redis:
        """A client of the bookstore's Redis, to look at the lock and the queue, or to meddle with them; to be closed.

        Raises:
            BookstoreError: The bookstore was stopped.
        """
        self._require_running()
        return connect(self._redis_url)

    def note(self, name: str, **detail: Any) -> None:
        """Write an event of the `lab` into the trace, such as `all clear`."""
        self._tell({"do": "note", "name": name, "detail": detail})

    def _do(self, action: str, process: str) -> None:
        self._tell({"do": action, "process": process})

    def _require_running(self) -> None:
        raise NotImplementedError

    def _tell(self, order: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError
