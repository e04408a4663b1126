"""The life of a service process: settings, logs, trace, signals, and an orderly end."""

import contextlib
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NoReturn

import grpc

from bookstore_lib.core.errors import SetupError
from bookstore_lib.runtime import crash_points
from bookstore_lib.runtime.life_line import LifeLine
from bookstore_lib.runtime.logs import set_up_logs
from bookstore_lib.runtime.rpc_server import RpcServer
from bookstore_lib.runtime.rpc_tls import Tls
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.starter import READY, WATCH_STDIN
from bookstore_lib.runtime.trace_log import TraceLog
from bookstore_lib.runtime.tracker import OrderEventTracker

_END_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_END_SECONDS = 8.0
_GRACE_SECONDS = 1.0

log = logging.getLogger(__name__)

Start = Callable[[Settings, OrderEventTracker, ExitStack], None]


def run_service(default_process: str, start: Start) -> NoReturn:
    """Run a service until SIGTERM, SIGINT or the death of whoever started it, and end this process.

    Its exit status is 1 where something about the settings or the machine is wrong; one sentence on standard error says
    what.

    Args:
        default_process: The process's name where the settings give none.
        start: Puts the parts together; returns when they serve, and leaves in the stack how they end.
    """
    status = 1
    try:
        _serve_until_ended(default_process, start)
        status = 0
    except SetupError as error:
        print(f"{default_process}: {error}", file=sys.stderr, flush=True)  # noqa: T201 - there may be no log yet
    except Exception:  # noqa: BLE001 - whatever it was, the process ends with it
        traceback.print_exc()
    # Everything has ended in order. The interpreter's own end waits, now and then for ever, for a lock that was held by
    # one of gRPC's threads when they were stopped.
    os._exit(status)


def _serve_until_ended(default_process: str, start: Start) -> None:
    # Blocked here, before there are threads, and so in all of them: one thread asks for signals. A handler would run
    # only when the main thread does something, and the system may give the signal to another one.
    signal.pthread_sigmask(signal.SIG_BLOCK, _END_SIGNALS)
    serving, ended = threading.Event(), threading.Event()
    start_thread(_await_signal, "signals", (serving, ended))
    threading.excepthook = _on_failure
    life_line = LifeLine()
    if os.environ.get(WATCH_STDIN):
        start_thread(_watch_starter, "starter", [life_line])
    settings = Settings.from_env(os.environ, default_process)
    set_up_logs(settings.process)
    trace = TraceLog(settings.trace_dir, settings.process)
    with ExitStack() as parts:
        parts.callback(trace.close)
        tracker = life_line.tracker = OrderEventTracker(trace, settings.trace_sample)
        crash_points.arm(settings.crash_at, tracker)
        start(settings, tracker, parts)
        tracker.process_event("started")
        serving.set()
        _announce_ready(tracker.process)
        ended.wait()
        # An end that hangs (a server that is gone, say) must not keep the process for ever.
        _exit_after(_END_SECONDS)


def serve_grpc(
    settings: Settings,
    tracker: OrderEventTracker,
    parts: ExitStack,
    *register: Callable[[grpc.Server], None],
) -> None:
    """Start a gRPC server on `settings.listen`; it ends with the stack, after a second for calls under way."""
    server = RpcServer(settings.listen, tracker, register, tls=Tls.of(settings))
    server.start()
    parts.callback(server.stop, _GRACE_SECONDS)


def start_thread(target: Callable[..., None], name: str, arguments: Sequence[object] = ()) -> threading.Thread:
    """Start a thread that does not keep the process alive."""
    thread = threading.Thread(target=target, name=name, args=tuple(arguments), daemon=True)
    thread.start()
    return thread


def _await_signal(serving: threading.Event, ended: threading.Event) -> None:
    signal.sigwait(_END_SIGNALS)
    if not serving.is_set():
        os._exit(1)  # it has done nothing yet that an orderly end would be for, and may be waiting for a server
    ended.set()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _on_failure(failure: threading.ExceptHookArgs) -> None:
    """A thread that works no longer is worse than a process that has ended: others take over from that."""
    error = (failure.exc_type, failure.exc_value or failure.exc_type(), failure.exc_traceback)
    log.critical("A thread failed; this process ends", exc_info=error)
    _end()


def _announce_ready(process: str) -> None:
    # Whoever started us may have gone; that is no reason to fail.
    with contextlib.suppress(OSError):
        print(READY, process, flush=True)  # noqa: T201 - the starter waits for this line


def _watch_starter(life_line: LifeLine) -> None:
    # Whoever started us may die between its order and our answer; its end comes next.
    with contextlib.suppress(BrokenPipeError):
        life_line.follow()
    _end()
    _exit_after(_END_SECONDS)


def _exit_after(seconds: float) -> None:
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
