"""The timeline of leadership: who believed to lead, with which epoch, and until when the lock would have held."""

from collections.abc import Mapping, Sequence
from re import findall

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.picture import Picture
from bookstore_lib.lab.figures.style import BLACK, GREY, LIGHT, VERMILLION, colour_of, styled
from bookstore_lib.lab.figures.terms import Overlap, Term, overlaps, pauses, terms

_BAR, _KEY = 0.34, 0.09  # heights; rows are 1 apart
_WIDTH, _WIDEST, _ROW = 12.0, 36.0, 0.85  # inches
_LEFT, _RIGHT, _HEAD, _FOOT = 1.3, 0.25, 0.95, 1.35  # inches
_EPOCH_ROOM = 0.25  # inches that the number of an epoch needs

# What is marked above the row: marker, size, face.
_MARKS: Mapping[str, tuple[str, float, str]] = {
    "started": ("^", 8, "white"),
    "waiting": ("o", 6, "white"),
    "renewed": ("|", 7, BLACK),
    "demoted": ("v", 9, BLACK),
    "killed": ("X", 11, VERMILLION),
    "stopped": ("s", 8, BLACK),
    "paused": ("<", 9, "white"),
    "resumed": (">", 9, BLACK),
}


def draw_election_timeline(events: Sequence[TraceEvent], *, title: str | None = None) -> Picture:
    """Draw one row for each executor, with a bar for each term and a thin one for the life of its lock.

    A term lasts from the election to the event that ended it (demoted, released, killed, stopped), or else as long as
    the last renewal made the process believe. Where two terms overlap, two believed to lead: split brain. The picture
    compares the wall clocks of the processes, which only makes sense on one machine.

    Args:
        events: Of a run, in any order; those of orders are passed over.
        title: Above the picture.

    Raises:
        HistoryError: There are no process events.
    """
    own = sorted((event for event in events if not event.order_id), key=lambda event: event.wall)
    rows = _rows(own)
    if not rows:
        raise HistoryError("There are no events of executors to draw; let an election happen first.")
    timeline = _Timeline(own, rows)
    with styled():
        picture = timeline.draw(title or "Who leads")
    picture.alt = _alt(timeline.terms, timeline.overlaps, rows)
    return picture


def _rows(events: Sequence[TraceEvent]) -> dict[str, int]:
    """Height of each executor's row, the first one on top; incarnations share one."""
    names = {base_name(_subject(event)) for event in events}
    executors = sorted(
        (name for name in names if name.startswith("executor")),
        key=lambda name: ([int(number) for number in findall(r"\d+", name)], name),
    )
    return {name: len(executors) - 1 - place for place, name in enumerate(executors)}


def _subject(event: TraceEvent) -> str:
    """The process that the event is about: what the lab did, it did to another."""
    return str(event.detail.get("process", event.process))


class _Timeline:
    """Puts the process events of a run on a picture; x in seconds since the first."""

    def __init__(self, events: Sequence[TraceEvent], rows: Mapping[str, int]) -> None:
        self._events, self._rows = events, rows
        self._zero = events[0].wall
        self.terms = [term for term in terms(events) if base_name(term.process) in rows]
        self.overlaps = overlaps(self.terms)
        last = max([events[-1].wall, *(max(term.end, term.key_until) for term in self.terms)])
        self._span = max(last - self._zero, 1.0) * 1.03
        shortest = min((term.end - term.start for term in self.terms), default=self._span)
        self._inches = min(max(_WIDTH, _EPOCH_ROOM * self._span / max(shortest, 1e-9)), _WIDEST)

    def draw(self, title: str) -> Picture:
        """Everything, from the back to the front."""
        width, height = _LEFT + self._inches + _RIGHT, _HEAD + len(self._rows) * _ROW + _FOOT
        picture = Picture(width, height)
        picture.suptitle(title, x=0.2 / width, y=1 - 0.3 / height, ha="left", va="center", size=16, weight="bold")
        axes = picture.add_axes((_LEFT / width, _FOOT / height, self._inches / width, len(self._rows) * _ROW / height))
        self._frame(axes)
        for place, overlap in enumerate(self.overlaps):
            self._split_brain(axes, overlap, raised=place % 2 * 15)
        for term in self.terms:
            self._term(axes, term)
        for process, start, end in pauses(self._events):
            if process in self._rows:
                self._frozen(axes, process, start, end)
        for event in self._events:
            self._mark(axes, event)
        self._legend(picture, width, height)
        return picture

    def _at(self, wall: float) -> float:
        return wall - self._zero

    def _frame(self, axes: Axes) -> None:
        axes.set_xlim(-0.01 * self._span, self._span)
        axes.set_ylim(-0.5, len(self._rows) - 0.5)
        axes.set_yticks(list(self._rows.values()), list(self._rows), size=12, weight="bold")
        axes.tick_params(axis="y", length=0)
        axes.tick_params(axis="x", labelsize=11)
        axes.set_xlabel("seconds since the first event", size=12)
        axes.grid(axis="x", color=LIGHT)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        for y in self._rows.values():
            axes.axhline(y, color=GREY, linewidth=0.8, zorder=1)

    def _term(self, axes: Axes, term: Term) -> None:
        y, start = self._rows[base_name(term.process)], self._at(term.start)
        length = term.end - term.start
        colour = colour_of(term.process)
        axes.barh(y, length, left=start, height=_BAR, color=colour, edgecolor=BLACK, linewidth=1, zorder=2)
        key = max(term.key_until - term.start, 0)
        axes.barh(
            y - _BAR / 2 - _KEY, key, left=start, height=_KEY, color="white", edgecolor=BLACK, hatch="////", zorder=2
        )
        inches = length / self._span * self._inches
        text = f"epoch {term.epoch}" if inches > 3 * _EPOCH_ROOM else str(term.epoch)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        if term.epoch is not None and inches >= 0.8 * _EPOCH_ROOM:
            axes.text(start + length / 2, y, text, size=11, ha="center", va="center_baseline", bbox=box, zorder=6)

    def _frozen(self, axes: Axes, process: str, start: float, end: float) -> None:
        axes.barh(
            self._rows[process],
            end - start,
            left=self._at(start),
            height=_BAR,
            color="none",
            edgecolor="white",
            hatch="xx",
            zorder=3,
        )

    def _split_brain(self, axes: Axes, overlap: Overlap, *, raised: float) -> None:
        start, end = self._at(overlap.start), self._at(overlap.end)
        lasts = f"{end - start:.1f} s" if end - start >= 0.1 else f"{1000 * (end - start):.0f} ms"
        axes.axvspan(start, end, facecolor=VERMILLION, alpha=0.18, zorder=0)
        for x in (start, end):
            axes.axvline(x, color=VERMILLION, linestyle="--", linewidth=1.4, zorder=1)
        axes.annotate(
            f"split brain {lasts}",
            ((start + end) / 2, 1),
            (0, 4 + raised),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            size=12,
            weight="bold",
            color=VERMILLION,
            annotation_clip=False,
        )

    def _mark(self, axes: Axes, event: TraceEvent) -> None:
        process = _subject(event)
        if event.name not in _MARKS or base_name(process) not in self._rows or self._is_echo(event):
            return
        marker, size, face = _MARKS[event.name]
        y = self._rows[base_name(process)]
        height = (
            y if event.name in ("waiting", "started") else y + _BAR / 2 + (0.06 if event.name == "renewed" else 0.13)
        )
        axes.plot(
            self._at(event.wall),
            height,
            marker=marker,
            markersize=size,
            markerfacecolor=face,
            markeredgecolor=BLACK,
            markeredgewidth=1.2,
            linestyle="",
            zorder=5,
        )
        if event.name == "started" and "~" in process:
            axes.annotate(
                f"~{process.partition('~')[2]}",
                (self._at(event.wall), y),
                (0, 7),
                textcoords="offset points",
                ha="center",
                size=10,
            )

    def _is_echo(self, event: TraceEvent) -> bool:
        """The lab's `started` is the order to start; the process says itself when it has."""
        return event.name == "started" and "process" in event.detail

    def _legend(self, picture: Picture, width: float, height: float) -> None:
        names = {event.name for event in self._events}
        handles: list[Line2D | Patch] = [
            Patch(facecolor=GREY, edgecolor=BLACK, label="believes to lead"),
            Patch(facecolor="white", edgecolor=BLACK, hatch="////", label="lock in Redis"),
        ]
        if "paused" in names:
            handles.append(Patch(facecolor=GREY, edgecolor="white", hatch="xxx", label="frozen"))
        handles += [
            Line2D(
                [],
                [],
                marker=marker,
                markersize=size,
                markerfacecolor=face,
                markeredgecolor=BLACK,
                linestyle="",
                label=name,
            )
            for name, (marker, size, face) in _MARKS.items()
            if name in names
        ]
        picture.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0.2 / width, 0.12 / height),
            ncols=6,
            frameon=False,
            fontsize=11,
            borderpad=0,
            borderaxespad=0,
        )


def _alt(all_terms: Sequence[Term], all_overlaps: Sequence[Overlap], rows: Mapping[str, int]) -> str:
    led = [
        f"{term.process} leads epoch {term.epoch}{f' until it is {term.ended_by}' if term.ended_by else ''}"
        for term in all_terms
    ]
    split = [f"split brain of {one.process} and {other.process}" for one, other, _, _ in all_overlaps]
    told = "; ".join([*(led or ["nobody leads"]), *(split or ["no two believe to lead at once"])])
    return f"Timeline of leadership. {len(rows)} executors ({', '.join(rows)}): {told}."
