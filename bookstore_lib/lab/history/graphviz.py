"""The happens-before graph in the language of Graphviz (https://graphviz.org/doc/info/lang.html)."""

from collections.abc import Iterator, Sequence

from bookstore_lib.core.causality import causes
from bookstore_lib.core.spacetime import Spacetime, lay_out
from bookstore_lib.core.trace_event import TraceEvent

_HEAD = """digraph "happens-before" {
  rankdir=LR;
  node [shape=box, style=rounded, fontname="sans-serif", fontsize=10];
  edge [fontname="sans-serif", fontsize=9];"""


def to_dot(events: Sequence[TraceEvent]) -> str:
    """A node for each event with its clock, a frame for each process, an edge from each cause to its direct effects.

    Messages are blue and named; the node of a lost message is dashed.
    """
    spacetime = lay_out(events)
    return "\n".join([_HEAD, *_processes(spacetime), *_edges(spacetime), "}"]) + "\n"


def _processes(spacetime: Spacetime) -> Iterator[str]:
    lost = {event.id for event in spacetime.lost}
    for place, process in enumerate(spacetime.processes):
        yield f"  subgraph cluster_{place} {{"
        yield f"    label={_quoted(process)};"
        for event in spacetime.events:
            if event.process == process:
                style = ', style="rounded,dashed"' if event.id in lost else ""
                yield f"    {_quoted(event.id)} [label={_label(event)}{style}];"
        yield "  }"


def _edges(spacetime: Spacetime) -> Iterator[str]:
    by_id = {event.id: event for event in spacetime.events}
    before = causes(spacetime.events)
    for event in spacetime.events:
        for cause in before[event.id]:
            message = by_id[cause].process != event.process
            style = f" [color=blue, label={_quoted(event.name)}]" if message else ""
            yield f"  {_quoted(cause)} -> {_quoted(event.id)}{style};"


def _label(event: TraceEvent) -> str:
    return _quoted(f"{event.name}\n{event.clock}" if event.clock else event.name)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
