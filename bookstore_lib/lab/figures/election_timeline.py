"""The timeline of leadership: who believed to lead, with which epoch, and who held the lock."""

from collections.abc import Mapping, Sequence
from re import findall

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.chart import Chart, seconds_text
from bookstore_lib.lab.figures.picture import Picture, Size
from bookstore_lib.lab.figures.style import BLACK, CHARACTER, GREY, LIGHT, VERMILLION, colour_of, styled
from bookstore_lib.lab.figures.terms import (
    Overlap,
    Term,
    fault_of,
    is_order_to_start,
    overlaps,
    subject,
    terms,
    times_down,
    times_frozen,
)

_BAR, _MARKED = 0.4, 0.33  # height of a bar, and of the marks above the middle of the row; rows are 1 apart
_NEAR, _STEP = 0.014, 0.17  # of the span: marks nearer than this; how far the second stands above the first
_WIDTH, _ROW, _REST = 12.0, 0.8, 2.3  # inches
_LOCK = "lock in Redis"

# What is marked in the row: marker, size, face.
_MARKS: Mapping[str, tuple[str, float, str]] = {
    "started": ("^", 8, "white"),
    "waiting": ("o", 6, "white"),
    "renewed": ("|", 7, BLACK),
    "demoted": ("v", 8, BLACK),
    "killed": ("X", 11, VERMILLION),
    "stopped": ("s", 7, BLACK),
    "paused": ("<", 9, "white"),
    "resumed": (">", 9, BLACK),
}
_ON_THE_LINE = ("started", "waiting")


def draw_election_timeline(
    events: Sequence[TraceEvent], *, title: str | None = None, figsize: Size | None = None
) -> Picture:
    """Draw a row for each executor with a bar for each term, and below them who held the lock.

    A term lasts from the election to the event that ended it (demoted, released, killed, stopped), or else as long as
    the last renewal made the process believe. Where two terms overlap, two believed to lead: split brain. The picture
    compares the wall clocks of the processes, which only makes sense on one machine.

    Args:
        events: Of a run, in any order; those of orders are passed over.
        title: Above the picture.
        figsize: Width and height in inches.

    Raises:
        HistoryError: There are no process events.
    """
    own = sorted((event for event in events if not event.order_id), key=lambda event: event.wall)
    rows = executors(own)
    if not rows:
        raise HistoryError("There are no events of executors to draw; let an election happen first.")
    with styled():
        timeline = _Timeline(own, rows, title or "Who leads", figsize)
        picture = timeline.draw()
    picture.alt = _alt(timeline.terms, timeline.overlaps, rows)
    return picture


def executors(events: Sequence[TraceEvent]) -> list[str]:
    """The executors that process events are about, by their numbers; incarnations are one."""
    names = {base_name(subject(event)) for event in events}
    return sorted(
        (name for name in names if name.startswith("executor")),
        key=lambda name: ([int(number) for number in findall(r"\d+", name)], name),
    )


class _Timeline:
    """Puts the process events of a run on a chart; x in seconds since the first."""

    def __init__(self, events: Sequence[TraceEvent], rows: Sequence[str], title: str, figsize: Size | None) -> None:
        self._events, self._zero = events, events[0].wall
        self._rows = {name: -place for place, name in enumerate([*rows, _LOCK])}
        self.terms = [term for term in terms(events) if base_name(term.process) in rows]
        self.overlaps = overlaps(self.terms)
        last = max([events[-1].wall, *(max(term.end, term.key_until) for term in self.terms)])
        self._span = max(last - self._zero, 1.0)
        self._raised: dict[float, tuple[float, float]] = {}
        self._chart = Chart(title, (_WIDTH, _REST + _ROW * len(self._rows)), figsize)
        self._axes: Axes = self._chart.axes[0]

    def draw(self) -> Picture:
        """Everything, from the back to the front."""
        self._chart.rows(self._rows)
        self._axes.set_xlim(-0.01 * self._span, 1.01 * self._span)
        self._axes.set_xlabel("seconds since the first event")
        for name in self._rows:
            if name != _LOCK:
                self._life(name)
        for place, overlap in enumerate(self.overlaps):
            self._split_brain(overlap, raised=place % 2)
        for term in self.terms:
            self._term(term)
        for process, start, end in times_frozen(self._events):
            if process in self._rows:
                self._frozen(process, start, end)
        for event in self._events:
            self._mark(event)
        self._legend()
        return self._chart.picture

    def _life(self, name: str) -> None:
        """The line of a process, dotted while it is down."""
        down = [(start, end) for process, start, end in times_down(self._events) if process == name]
        y, scale = self._rows[name], self._chart.scale
        self._axes.plot([0, self._span], [y, y], color=GREY, linewidth=scale, zorder=1)
        for start, end in down:
            xs = [start - self._zero, min(end - self._zero, self._span)]
            self._axes.plot(xs, [y, y], color="white", linewidth=3 * scale, zorder=1)
            self._axes.plot(xs, [y, y], color=GREY, linewidth=scale, linestyle=":", zorder=1)

    def _bar(self, row: str, start: float, end: float, **style: object) -> None:
        length = max(end - start, 0.0)
        self._axes.barh(self._rows[row], length, left=start - self._zero, height=_BAR, **style)  # type: ignore[arg-type]

    def _term(self, term: Term) -> None:
        colour, line = colour_of(term.process), self._chart.scale
        row = base_name(term.process)
        self._bar(row, term.start, term.end, color=colour, edgecolor=BLACK, linewidth=line, zorder=2)
        self._bar(
            _LOCK,
            term.start,
            term.key_until,
            color="white",
            edgecolor=colour,
            hatch="////",
            linewidth=1.5 * line,
            zorder=2,
        )
        self._name(term, row, term.end, f"epoch {term.epoch}", str(term.epoch))
        self._name(term, _LOCK, term.key_until, row, row.rpartition("-")[2])

    def _frozen(self, process: str, start: float, end: float) -> None:
        self._bar(process, start, end, color=LIGHT, edgecolor=GREY, hatch="xxx", linewidth=0, zorder=1.5)
        for term in self.terms:
            if base_name(term.process) == process:
                within = max(start, term.start), min(end, term.end)
                self._bar(process, *within, color="none", edgecolor="white", hatch="xxx", linewidth=0, zorder=3)

    def _name(self, term: Term, row: str, end: float, *names: str) -> None:
        """Write on a bar the longest name for which there is room."""
        inches = (end - term.start) / self._span * self._chart.picture.get_figwidth() * 0.8
        letter = CHARACTER * self._chart.letters / 72
        name = next((name for name in names if (len(name) + 1) * letter <= inches), "")
        if name and term.epoch is not None:
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5 * self._chart.scale}
            at = ((term.start + end) / 2 - self._zero, self._rows[row])
            self._axes.text(*at, name, ha="center", va="center_baseline", bbox=box, zorder=6, size="medium")

    def _split_brain(self, overlap: Overlap, *, raised: int) -> None:
        start, end = overlap.start - self._zero, overlap.end - self._zero
        scale = self._chart.scale
        self._axes.axvspan(start, end, facecolor=VERMILLION, alpha=0.18, zorder=0)
        for x in (start, end):
            self._axes.axvline(x, color=VERMILLION, linestyle="--", linewidth=1.4 * scale, zorder=1)
        self._axes.annotate(
            f"split brain {seconds_text(end - start)}",
            ((start + end) / 2, 1),
            (0, (4 + 16 * raised) * scale),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="left" if start < 0.1 * self._span else "right" if end > 0.9 * self._span else "center",
            va="bottom",
            weight="bold",
            color=VERMILLION,
            annotation_clip=False,
        )

    def _mark(self, event: TraceEvent) -> None:
        process, name = subject(event), fault_of(event)
        if name not in _MARKS or base_name(process) not in self._rows or is_order_to_start(event):
            return
        marker, size, face = _MARKS[name]
        x, y = event.wall - self._zero, self._rows[base_name(process)]
        raised = 0.0 if name in _ON_THE_LINE else _BAR / 2 if name == "renewed" else self._free(x, y)
        self._chart.mark(self._axes, x, y + raised, marker, size, face=face, zorder=5)
        if name == "started" and "~" in process:
            life = f"~{process.partition('~')[2]}"
            self._axes.text(x, y - _BAR / 4, life, ha="center", va="top", size="small")

    def _free(self, x: float, y: float) -> float:
        """How far above its row a mark stands: above the last one there, where that is too near."""
        last, height = self._raised.get(y, (-self._span, 0.0))
        near = x - last < _NEAR * self._span
        self._raised[y] = x, height + _STEP if near else _MARKED
        return self._raised[y][1]

    def _legend(self) -> None:
        names = {fault_of(event) for event in self._events}
        patches = [
            Patch(facecolor=GREY, edgecolor=BLACK, label="believes to lead"),
            Patch(facecolor="white", edgecolor=GREY, hatch="////", label="holds the lock"),
        ]
        if "paused" in names:
            patches.append(Patch(facecolor=LIGHT, edgecolor=GREY, hatch="xxx", label="frozen"))
        marks = [
            self._chart.handle(name, marker, size, face=face)
            for name, (marker, size, face) in _MARKS.items()
            if name in names
        ]
        self._chart.legend([*patches, *marks])


def _alt(all_terms: Sequence[Term], all_overlaps: Sequence[Overlap], rows: Sequence[str]) -> str:
    led = [
        f"{term.process} leads epoch {term.epoch}{f' until it is {term.ended_by}' if term.ended_by else ''}"
        for term in all_terms
    ]
    split = [f"split brain of {one.process} and {other.process}" for one, other, _, _ in all_overlaps]
    told = "; ".join([*(led or ["nobody leads"]), *(split or ["no two believe to lead at once"])])
    return f"Timeline of leadership. {len(rows)} executors ({', '.join(rows)}): {told}."
