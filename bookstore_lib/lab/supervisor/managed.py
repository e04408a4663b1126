"""One child process of the supervisor: start it, know when it is ready, signal it, end it."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from bookstore_lib.core.errors import BookstoreError, SetupError
from bookstore_lib.lab.servers.guard import guard
from bookstore_lib.runtime.starter import READY

_POLL = 0.01
_ANSWER_SECONDS = 5.0


class Managed:
    """A process that can be started again and again.

    Args:
        name: What people call it.
        command: What to start.
        log: Where its standard error goes, appended.
        env: Its environment; `None` for our own.
        options: More for `subprocess.Popen`, such as another user.
        probe: Whether it is ready, asked again and again; `None`: it says so itself in a line.
        explain: Turns the end of its log into a sentence, where it can.
        stop_signal: Ends it in order.
        watches: Whether it ends by itself when its standard input does, and says when it is ready; servers do not.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        probe: Callable[[], bool] | None = None,
        explain: Callable[[str], str | None] = lambda _log: None,
        stop_signal: int = signal.SIGTERM,
        watches: bool = True,
    ) -> None:
        self.name, self._command, self._log = name, command, log
        self._env, self._options = env, dict(options or {})
        self._probe, self._explain, self._stop_signal, self._watches = probe, explain, stop_signal, watches
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._announced = threading.Event()
        self._host = ""
        self._answers: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()
        self._told = 0
        self._paused = False
        self.starts = 0

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def state(self) -> str:
        """`running`, `paused` or `dead`."""
        if self.pid is None:
            return "dead"
        # It may have stopped itself at a crash point.
        return "paused" if self._paused or is_stopped(self.pid) else "running"

    @property
    def host(self) -> str:
        """Its name in clocks and traces: each life of a process is a host of its own, `executor-2~1` the second.

        A process that is not ready yet may have another in the end.
        """
        return self._host or (f"{self.name}~{self.starts - 1}" if self.starts > 1 else self.name)

    @property
    def pid(self) -> int | None:
        """Its process id while it lives."""
        return self._process.pid if self._process is not None and self.alive else None

    def reconfigure(self, env: Mapping[str, str]) -> None:
        """Tell its next lives something else: variables of the environment, an empty one is taken away."""
        now = dict(os.environ if self._env is None else self._env) | dict(env)
        self._env = {name: value for name, value in now.items() if value}

    def start(self) -> None:
        """Start it; does not wait until it is ready.

        Raises:
            SetupError: The program cannot be started.
        """
        if self._process is not None:
            self._reap()  # somebody else may have ended it
        self._announced = threading.Event()
        self._host = ""
        self._answers = queue.Queue()
        self._paused = False
        try:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command,
                    env=None if self._env is None else dict(self._env),
                    stdin=subprocess.PIPE if self._watches else subprocess.DEVNULL,
                    stdout=subprocess.PIPE if self._watches else log,
                    stderr=log,
                    start_new_session=True,
                    **self._options,
                )
        except OSError as error:
            raise SetupError(f"{self.name} cannot be started: {error}.") from error
        self.starts += 1
        if not self._watches:
            self._guard = guard(self._process.pid, self._stop_signal)
        elif self._process.stdout is not None:
            threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def await_ready(self, until: float) -> None:
        """Wait until it is ready.

        Args:
            until: On the monotonic clock.

        Raises:
            SetupError: It ended, or was not ready in time; the sentence says why as far as its log tells.
        """
        while not (self._announced.wait(_POLL) if self._probe is None else self._probe()):
            if not self.alive:
                raise SetupError(self._why("ended while it started"))
            if time.monotonic() > until:
                raise SetupError(self._why("was not ready in time"))
            if self._probe is not None:
                time.sleep(_POLL)

    def signal(self, number: int) -> bool:
        """Send a signal; returns whether it was alive to get it. Waits for the end after SIGKILL."""
        if self._process is None or not self.alive:
            return False
        if number == signal.SIGSTOP:
            self.watch_over()
        self._process.send_signal(number)
        if number == signal.SIGCONT and self._watches:
            self._release_guard()
        self._paused = number == signal.SIGSTOP or (self._paused and number != signal.SIGCONT)
        if number == signal.SIGKILL:
            self._reap()
        return True

    def watch_over(self) -> None:
        """See to its end if we die: while it is frozen it cannot see that."""
        if self._process is not None and self._guard is None:
            self._guard = guard(self._process.pid, self._stop_signal)

    def tell(self, order: dict[str, Any]) -> dict[str, Any]:
        """Give a running process an order on its life line and wait for its answer.

        Args:
            order: See `runtime/life_line.py`.

        Raises:
            BookstoreError: It listens to nobody, refused, or did not answer; the sentence says why.
        """
        if not self._watches:
            raise BookstoreError(f"{self.name} is a server, not a service; it cannot be told this.")
        if self.state != "running":
            raise BookstoreError(f"{self.name} is {self.state}; it cannot be told anything now.")
        self.send(order)
        until = time.monotonic() + _ANSWER_SECONDS
        while self.alive and time.monotonic() < until:
            with contextlib.suppress(queue.Empty):
                number, answer = self._answers.get(timeout=_POLL)
                # Another order may not have been waited for, and have left an answer behind.
                if number == self._told:
                    return self._taken(answer)
        raise BookstoreError(f"{self.name} did not answer; it is {self.state}.")

    def send(self, order: dict[str, Any]) -> None:
        """Give an order and do not wait for the answer: a frozen process will find it when it goes on."""
        self._told += 1
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(json.dumps([self._told, order]).encode() + b"\n")
                self._process.stdin.flush()

    def begin_stop(self) -> None:
        """Ask it to end in order; does not wait."""
        if self.signal(self._stop_signal):
            self.signal(signal.SIGCONT)

    def finish_stop(self, until: float) -> None:
        """Wait for its end until `until` on the monotonic clock, then kill it."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reap()

    def _taken(self, answer: dict[str, Any]) -> dict[str, Any]:
        if "error" in answer:
            raise BookstoreError(f"{self.name}: {answer['error']}")
        return dict(answer["ok"])

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._release_guard()

    def _release_guard(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.wait()
            if self._guard.stdin is not None:
                self._guard.stdin.close()
            self._guard = None

    def _why(self, what: str) -> str:
        tail = self._log.read_bytes()[-4000:].decode(errors="replace")
        last = next((line for line in reversed(tail.splitlines()) if line.strip()), "")
        reason = self._explain(tail) or last.removeprefix(f"{self.name}: ") or f"see {self._log}"
        return f"{self.name} {what}: {reason}"

    def _read(self, output: IO[bytes]) -> None:
        announced, answers = self._announced, self._answers  # of this life
        with output:
            for line in output:
                if line.decode().startswith(f"{READY} "):
                    if announced is self._announced:
                        self._host = line.decode().split()[1]
                    announced.set()
                    continue
                with contextlib.suppress(ValueError):  # whatever else may print there
                    number, answer = json.loads(line)
                    answers.put((number, answer))


def is_stopped(pid: int) -> bool:
    """Whether a process of ours is stopped (SIGSTOP) at this moment."""
    import psutil  # noqa: PLC0415 - slow to import, and not needed to start a bookstore

    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False
