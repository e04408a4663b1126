"""A Mermaid sequence diagram (https://mermaid.js.org/syntax/sequenceDiagram.html), which Markdown pages show."""

from collections.abc import Iterator, Mapping, Sequence

from bookstore_lib.core.spacetime import Spacetime, lay_out
from bookstore_lib.core.trace_event import TraceEvent


def to_mermaid(events: Sequence[TraceEvent]) -> str:
    """Processes as participants, messages as arrows, other events as notes, each with its vector clock.

    Such a diagram has no slanted arrows: a message stands where it arrives, with the clocks of its send and its
    receive, and one that was lost where it left. A note in the first line says which process each number of a clock
    belongs to.
    """
    spacetime = lay_out(events)
    names = {process: f"p{place}" for place, process in enumerate(spacetime.processes)}
    lines = ["sequenceDiagram", *(f"    participant {name} as {_safe(host)}" for host, name in names.items())]
    lines.append(f"    Note over p0: clocks are [{_safe(', '.join(spacetime.processes))}]")
    return "\n".join([*lines, *_drawn(spacetime, names)]) + "\n"


def _drawn(spacetime: Spacetime, names: Mapping[str, str]) -> Iterator[str]:
    arrows = {arrow.receive.id: arrow for arrow in spacetime.arrows}
    lost = {event.id for event in spacetime.lost}
    for event in spacetime.events:
        name = _safe(event.name)
        if event.id in arrows:
            send, _, again = arrows[event.id]
            line = "-->>" if again or send.name.endswith((" reply", " error")) else "->>"
            what = f"{name}{' again' * again} {_vector(send, names)} {_vector(event, names)}"
            yield f"    {names[send.process]}{line}{names[event.process]}: {what}"
        elif event.id in lost and event.peer in names:
            yield f"    {names[event.process]}-x{names[event.peer]}: {name} lost {_vector(event, names)}"
        elif event.kind == "local" or event.id in lost:
            yield f"    Note over {names[event.process]}: {name}{' lost' * (event.id in lost)} {_vector(event, names)}"


def _vector(event: TraceEvent, names: Mapping[str, str]) -> str:
    return f"[{','.join(str(event.clock[process]) for process in names)}]" if event.clock else ""


def _safe(text: str) -> str:
    """The text on one line, without the two characters that Mermaid reads as more than text."""
    return "".join({"#": "#35;", ";": "#59;"}.get(c, c) for c in " ".join(text.split()))
