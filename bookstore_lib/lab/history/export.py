"""Writes a history in the formats of other tools: tables, ShiViz, Mermaid, Graphviz, and lines of JSON to read back."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bookstore_lib.core.errors import HistoryError, SetupError
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.history.graphviz import to_dot
from bookstore_lib.lab.history.mermaid import to_mermaid
from bookstore_lib.lab.history.shiviz import to_shiviz

FIGURES = ("svg", "pdf", "png")
ENDINGS = {"mmd": "mermaid", "gv": "dot"}


def format_of(path: Path, chosen: str | None) -> str:
    """The format to write: the one chosen, else the one that the path's ending names.

    Raises:
        HistoryError: It is none of those there are.
    """
    ending = path.suffix.lower().removeprefix(".")
    name = chosen or ENDINGS.get(ending, ending)
    if name not in (*FIGURES, *WRITERS):
        what = f"the format {chosen!r} is not known" if chosen else f"the ending of {path.name!r} names no format"
        raise HistoryError(f"The history is not exported, because {what}: give format= one of {', '.join(_names())}.")
    if name in FIGURES and ending != name:
        raise HistoryError(f"A figure's file says its format: call it {path.with_suffix('.' + name).name!r}.")
    return name


def write(events: Sequence[TraceEvent], path: Path, name: str) -> Path:
    """Write events in one of `WRITERS`, and make the file's folder.

    Returns:
        The path.

    Raises:
        HistoryError: There are no events, or the file cannot be written.
        SetupError: A library that the format needs is not installed.
    """
    if not events:
        raise HistoryError("There are no events to export; place an order first.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[name](events, path)
    except OSError as error:
        raise HistoryError(f"{path} cannot be written: {error.strerror}. Choose another place.") from error
    return path


def to_json_lines(events: Sequence[TraceEvent]) -> str:
    """The trace of all processes in one file, which `History.load` reads."""
    return "".join(f"{event.to_json()}\n" for event in events)


def _text(render: Callable[[Sequence[TraceEvent]], str]) -> Callable[[Sequence[TraceEvent], Path], None]:
    def save(events: Sequence[TraceEvent], path: Path) -> None:
        path.write_text(render(events), encoding="utf-8", newline="\n")

    return save


def _save_csv(events: Sequence[TraceEvent], path: Path) -> None:
    from bookstore_lib.lab.history.frames import flat_frame  # noqa: PLC0415 - pandas is slow to import

    flat_frame(events).to_csv(path, index=False, lineterminator="\n")


def _save_parquet(events: Sequence[TraceEvent], path: Path) -> None:
    from bookstore_lib.lab.history.frames import flat_frame  # noqa: PLC0415 - pandas is slow to import

    try:
        flat_frame(events).to_parquet(path, engine="pyarrow", index=False)
    except ImportError as error:
        raise SetupError(
            "Parquet needs pyarrow, which is not installed: pip install pyarrow, or export csv."
        ) from error


WRITERS: dict[str, Callable[[Sequence[TraceEvent], Path], None]] = {
    "csv": _save_csv,
    "parquet": _save_parquet,
    "shiviz": _text(to_shiviz),
    "mermaid": _text(to_mermaid),
    "dot": _text(to_dot),
    "jsonl": _text(to_json_lines),
}


def _names() -> tuple[str, ...]:
    return (*FIGURES, *WRITERS)
