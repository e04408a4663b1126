"""The command `bookstore`."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from bookstore_lib.core.errors import BookstoreError, SetupError
from bookstore_lib.runtime.settings import Coordinator

# Between two looks at the logs.
_LOOK_SECONDS = 0.2

app = typer.Typer(
    help="A real distributed bookstore to learn distributed systems on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

trace = typer.Typer(help="What the processes of a run wrote down.", no_args_is_help=True)
app.add_typer(trace, name="trace")

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, and nothing else there.")
]
AnyRun = Annotated[
    Path | None, typer.Option(help="Folder of a bookstore, running or not; the one started last when not given.")
]
Executors = Annotated[int, typer.Option(min=1, help="Number of order executors.")]


@app.command()
def demo(
    *,
    as_json: AsJson = False,
    out: Annotated[Path, typer.Option(help="Folder for the figures.")] = Path("out"),
    executors: Annotated[int, typer.Option(min=2, help="Number of order executors.")] = 3,
) -> None:
    """Place 12 varied orders, kill the leader in the middle, check every guarantee, and draw what happened."""
    from bookstore_lib.lab.demo import run_demo  # noqa: PLC0415 - matplotlib and pandas are slow to import
    from bookstore_lib.lab.tables import print_demo  # noqa: PLC0415

    result = run_demo(out, executors, _say)
    if as_json:
        _print_json(result.to_json())
    else:
        print_demo(result)
    raise typer.Exit(0 if result.good else 1)


@app.command()
def up(
    *,
    as_json: AsJson = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the shop.")] = 8081,
    executors: Executors = 3,
    coordinator: Annotated[Coordinator, typer.Option(help="Who runs the checks.")] = "executor",
    lease_ttl: Annotated[float, typer.Option(help="Life of the leader's lock, in seconds.")] = 30.0,
    mtls: Annotated[bool, typer.Option("--mtls", help="Mutual TLS between all gRPC peers.")] = False,
) -> None:
    """Run the bookstore until Ctrl-C."""
    from bookstore_lib.lab.cluster import Bookstore  # noqa: PLC0415 - only when needed

    ended = threading.Event()
    # SIGINT too: a shell that starts this in the background has it ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with Bookstore(executors, coordinator=coordinator, lease_ttl=lease_ttl, http_port=port, mtls=mtls) as shop:
        _say(f"The shop is open at {shop.url}; logs and traces are in {shop.run_dir}. Ctrl-C closes it.")
        if as_json:
            _print_json({"url": shop.url, "run_dir": str(shop.run_dir), "ready_seconds": round(shop.ready_seconds, 3)})
        ended.wait()
        _say("Closing...")


@app.command()
def lab(
    notebooks: Annotated[Path, typer.Argument(help="Folder of the lab sheets.")] = Path("notebooks"),
) -> None:
    """Open JupyterLab on the lab sheets."""
    if not notebooks.is_dir():
        raise SetupError(f"There is no folder {notebooks}; run this in the project's folder or name the folder.")
    # Jupyter refuses root without being told; containers often have nobody else.
    as_root = ["--allow-root"] if os.geteuid() == 0 else []
    # Nothing here needs the network; JupyterLab shall not ask for it either.
    offline = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command = [sys.executable, "-m", "jupyterlab", *as_root, *offline, str(notebooks)]
    os.environ.setdefault("PYTHONSTARTUP", str(Path(__file__).with_name("kernel_start.py")))
    os.execv(sys.executable, command)  # noqa: S606 - no shell wanted


@app.command()
def dashboard(
    *,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 8866,
    browser: Annotated[bool, typer.Option(help="Open it in a browser.")] = True,
) -> None:
    """Show a bookstore of its own, with all panels, as a page: each visit starts one, which ends with the visit.

    With `?theme=dark` at the end of its address it is dark.
    """
    page = Path(__file__).parent / "page" / "dashboard.ipynb"  # alone in its folder, which is on its kernel's path
    # A browser that vanishes says no goodbye; its bookstore goes when nobody has been connected for a while. That its
    # panels still write is no sign of life.
    manager, written = "--MappingKernelManager", ("comm_msg", "comm_open", "execute_request")
    cull = [f"{manager}.cull_idle_timeout=180", f"{manager}.cull_interval=20"]
    cull += [f"{manager}.untracked_message_types={kind}" for kind in written]
    # Voila's page asks the internet for icons that nothing here needs; so that no request leaves this machine:
    policy = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self'"
    options = [str(page), f"--port={port}", *cull, *([] if browser else ["--no-browser"])]
    from voila.app import Voila  # noqa: PLC0415 - a second of imports that no other command needs

    Voila.launch_instance(options, tornado_settings={"headers": {"Content-Security-Policy": policy}})


@app.command()
def orders(
    *,
    as_json: AsJson = False,
    dead: Annotated[bool, typer.Option("--dead", help="Only the dead letters: orders that failed, and why.")] = False,
    redrive: Annotated[str, typer.Option(metavar="ORDER", help="Try this failed order again.")] = "",
    run_dir: Annotated[
        Path | None, typer.Option(help="Folder of a running bookstore; the one started last when not given.")
    ] = None,
) -> None:
    """Show the orders of a running bookstore, and try failed ones again."""
    from bookstore_lib.lab import record, tables  # noqa: PLC0415 - only when needed

    with record.open_record(os.environ.get("BOOKSTORE_POSTGRES_URL") or record.find_record(run_dir)) as store:
        if redrive:
            store.redrive(redrive)
            _say(f"Order {redrive} is open again; the leader finds it within seconds.")
        letters, rows = store.dead_letters(), store.tables().orders
    if as_json:
        _print_json({"orders": [row._asdict() for row in (letters if dead else rows)]})
    elif dead:
        tables.print_dead_letters(letters)
    else:
        tables.print_orders(rows)


@trace.command()
def export(
    path: Annotated[Path, typer.Argument(help="The file to write; its ending names the format.")],
    *,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format", help="svg, pdf or png (the diagram), csv, parquet, jsonl, shiviz, mermaid or dot (the events)."
        ),
    ] = None,
    run_dir: AnyRun = None,
    order: Annotated[str, typer.Option(help="Only this order: its id, or the beginning of it.")] = "",
) -> None:
    """Save the space-time diagram of a run, or its events for another tool."""
    from bookstore_lib.lab.history import History  # noqa: PLC0415 - matplotlib is slow to import
    from bookstore_lib.lab.record import find_traces  # noqa: PLC0415 - only when needed

    history = History.load(find_traces(run_dir))
    written = (history.order(order) if order else history).export(path, file_format)
    _say(f"Wrote {written}.")


@trace.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Where report.html and report.pdf go.")] = Path("out"),
    *,
    title: Annotated[str, typer.Option(help="Above it all.")] = "A run of the bookstore",
    seed: Annotated[str, typer.Option(help="What random choices of the run came from.")] = "",
    run_dir: AnyRun = None,
) -> None:
    """Write a report of a run to hand in: what ran and happened, who led, an order's clocks, and the verdict."""
    from bookstore_lib.lab.history import History  # noqa: PLC0415 - matplotlib is slow to import
    from bookstore_lib.lab.record import find_traces  # noqa: PLC0415 - only when needed

    for path in History.load(find_traces(run_dir)).report(folder, title=title, seed=seed):
        _say(f"Wrote {path}.")


@app.command()
def logs(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object; with --follow one for each line of a log.")
    ] = False,
    service: Annotated[str, typer.Option(help="Only processes whose name begins like this, such as executor.")] = "",
    order: Annotated[str, typer.Option(help="Only lines about this order: its id, or the beginning of it.")] = "",
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is written from now on, until Ctrl-C.")
    ] = False,
    run_dir: AnyRun = None,
) -> None:
    """Show what the processes of a bookstore have logged, in the order of time."""
    from bookstore_lib.lab.logs import LogReader, find_logs  # noqa: PLC0415 - only when needed

    reader = LogReader(find_logs(run_dir), service, order)
    lines = reader.read()
    if as_json and not follow:
        _print_json({"lines": [line.to_json() for line in lines]})
        return
    while True:
        for line in lines:
            typer.echo(json.dumps(line.to_json()) if as_json else str(line))
        if not follow:
            return
        time.sleep(_LOOK_SECONDS)
        lines = reader.read()


@app.command()
def bench(
    *,
    as_json: AsJson = False,
    quick: Annotated[bool, typer.Option("--quick", help="Ten minutes at most, instead of an hour.")] = False,
    orders: Annotated[
        int | None, typer.Option(min=400, help="Orders in a backlog; half of them where each call goes by itself.")
    ] = None,
) -> None:
    """Measure this system beside what people would use instead: backlogs, HTTP, failover, start, memory, growth.

    Peers are compared with as far as they are installed: `pip install -e '.[bench]'`.
    """
    from bookstore_lib.lab.bench import command  # noqa: PLC0415 - only when needed

    report = command.measure(command.effort(orders, quick=quick))
    if as_json:
        _print_json(report.to_json())
    else:
        command.print_report(report)


@app.command()
def verify(
    *,
    as_json: AsJson = False,
    schedules: Annotated[int, typer.Option(help="How many random schedules.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same schedules.")] = 1,
    replay: Annotated[str, typer.Option(metavar="SEED", help="Run one schedule again, such as 1-17.")] = "",
    file: Annotated[Path | None, typer.Option(help="Run a schedule of your own, from a file of JSON.")] = None,
    crash_points: Annotated[
        bool, typer.Option("--crash-points", help="Kill and freeze at every step, before and after its effect.")
    ] = False,
    mutants: Annotated[bool, typer.Option("--mutants", help="See that seeded mistakes are caught.")] = False,
    full: Annotated[bool, typer.Option("--full", help="All of it at full length: more than an hour.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for the schedules that fail.")] = Path("out/verify"),
) -> None:
    """Let faults happen to a real bookstore while orders flow, and check every guarantee after each schedule."""
    from bookstore_lib.lab.verify import command, plan  # noqa: PLC0415 - only when needed
    from bookstore_lib.lab.verify.schedule import Schedule  # noqa: PLC0415

    if full:
        result: command.Result = command.run_full(seed, out)
    elif mutants:
        result = command.run_mutants()
    elif crash_points:
        result = command.run_crash_points(out)
    elif replay or file:
        result = command.run_one(Schedule.load(file) if file else plan.replay(replay), out)
    else:
        result = command.run_random(schedules, seed, out)
    if as_json:
        _print_json(result.to_json())
    else:
        typer.echo(str(result))
    raise typer.Exit(0 if result.good else 1)


def main() -> NoReturn:
    """Run the command; a problem with the machine or the input is one line on standard error and exit code 2."""
    try:
        app()
    except BookstoreError as error:
        sys.exit(_complain(error))
    sys.exit()


def _complain(error: BookstoreError) -> int:
    _say(f"bookstore: {error}")
    return 2


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value))


if __name__ == "__main__":
    main()
