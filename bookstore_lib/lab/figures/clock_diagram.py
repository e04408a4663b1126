"""The space-time diagram of an execution, with its vector clocks."""

from collections.abc import Iterable, Sequence
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.spacetime import Spacetime, base_name, lay_out
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.lab.figures.clock_layout import LABEL_SIZE, MARK, NAME_SIZE, Line, Sheet, Text, arrange
from bookstore_lib.lab.figures.clock_texts import (
    captions,
    default_title,
    description,
    event_labels,
    is_answer,
    message_names,
    order_letters,
)
from bookstore_lib.lab.figures.picture import Picture
from bookstore_lib.lab.figures.style import BLACK, CHARACTER, GREY, MONOSPACE, colour_of, styled, tags

MOST_EVENTS = 400
_POINTS = 72.0
_HEAD, _FOOT, _EDGE, _LEAST_WIDTH = 34.0, 34.0, 14.0, 520.0
_ROW_SIZE, _TITLE_SIZE, _CAPTION_SIZE = 9.0, 13.0, 8.5
_MARKERS = {"send": ">", "receive": "o", "local": "s"}


def draw_clock_diagram(
    events: Sequence[TraceEvent], *, title: str | None = None, figsize: tuple[float, float] | None = None
) -> Picture:
    """Draw who sent what to whom, and the vector clock of every event.

    Time runs rightwards, but only as happens-before: see `bookstore_lib.core.spacetime`.

    Args:
        events: Those of one order or of several, in any order.
        title: Above the picture; the order's name when not given.
        figsize: Width and height in inches; the picture is scaled to fit. By default it grows with the events.

    Raises:
        HistoryError: There are no events, or more than can be read in one picture, or they cannot have happened.
    """
    if len(events) > MOST_EVENTS:
        raise HistoryError(
            f"Nobody can read a diagram of {len(events)} events; draw one order, or {MOST_EVENTS} events."
        )
    spacetime = lay_out(events)
    letters = order_letters(spacetime)
    sheet = arrange(spacetime, event_labels(spacetime, letters), message_names(spacetime))
    with styled():
        drawing = _Drawing(sheet, spacetime, captions(spacetime, letters), figsize)
        drawing.draw(title or default_title(spacetime))
    drawing.picture.alt = description(spacetime)
    return drawing.picture


class _Drawing:
    """Puts a sheet on a picture: one axes over all of it, in points times `scale`."""

    def __init__(
        self, sheet: Sheet, spacetime: Spacetime, caption: list[str], figsize: tuple[float, float] | None
    ) -> None:
        self._sheet, self._spacetime = sheet, spacetime
        self._tags = tags(spacetime.processes)
        self._left = _EDGE + max(map(len, spacetime.processes)) * CHARACTER * _ROW_SIZE + 10
        tail = max(x for label in sheet.labels.values() for x, _ in label.room.corners) if sheet.labels else 0.0
        width = max(self._left + max(tail, sheet.width) + _EDGE, _LEAST_WIDTH)
        letters = int((width - 2 * _EDGE) / (CHARACTER * _CAPTION_SIZE))
        self._caption = [part for line in caption for part in wrap(line, letters)]
        self._bottom = _FOOT + len(self._caption) * _CAPTION_SIZE * 1.5 + 10
        height = self._bottom + sheet.height + _HEAD
        wide, high = figsize or (width / _POINTS, height / _POINTS)
        self._scale = min(wide * _POINTS / width, high * _POINTS / height)
        self.picture = Picture(wide, high)
        self._axes = self._make_axes(width, height)
        self._width, self._height = width, height

    def draw(self, title: str) -> None:
        """Everything, from the back to the front."""
        for process in self._spacetime.processes:
            self._row(process)
        for arrow in self._spacetime.arrows:
            self._arrow(self._sheet.line(arrow.send, arrow.receive), arrow.send, again=arrow.again)
        for event in (*self._spacetime.lost, *self._spacetime.orphans):
            self._stub(self._sheet.stubs[event.id], event)
        for event in self._spacetime.events:
            self._mark(event)
        for text in self._sheet.labels.values():
            self._text(text, LABEL_SIZE)
        for text in self._sheet.names.values():
            self._text(text, NAME_SIZE, style="italic")
        self._words(title)
        self._legend()

    def _make_axes(self, width: float, height: float) -> Axes:
        axes = self.picture.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        spare_x = self.picture.get_figwidth() * _POINTS / self._scale - width
        spare_y = self.picture.get_figheight() * _POINTS / self._scale - height
        axes.set_xlim(-self._left - spare_x / 2, width - self._left + spare_x / 2)
        axes.set_ylim(-self._bottom - spare_y / 2, height - self._bottom + spare_y / 2)
        return axes

    def _row(self, process: str) -> None:
        """A line as long as the process lived, as far as its incarnations tell."""
        own = [self._sheet.marks[event.id][0] for event in self._spacetime.events if event.process == process]
        below = self._spacetime.processes[self._spacetime.processes.index(process) + 1 :]
        restarted = base_name(process) in map(base_name, below)
        start = min(own) - MARK if "~" in process else 0.0
        end = max(own) + MARK if restarted else self._sheet.width
        y = self._sheet.rows[process]
        self._axes.plot([start, end], [y, y], color=colour_of(process), linewidth=1.2 * self._scale, zorder=1)
        tag = self._tags[process]
        name = process if tag == process else f"{tag}\n{process}"
        self._axes.text(-10, y, name, ha="right", va="center", ma="right", size=_ROW_SIZE * self._scale, weight="bold")

    def _arrow(self, line: Line, send: TraceEvent, *, again: bool) -> None:
        shrink = (MARK / 2 + 1) * self._scale
        arrow = FancyArrowPatch(
            line.start,
            line.end,
            arrowstyle="->" if is_answer(send) else "-|>",
            mutation_scale=9 * self._scale,
            shrinkA=shrink,
            shrinkB=shrink,
            linewidth=(1.0 if is_answer(send) else 1.5) * self._scale,
            linestyle=(0, (4, 3)) if again else "solid",
            color=colour_of(send.process),
            zorder=2,
        )
        self._axes.add_patch(arrow)

    def _stub(self, line: Line, event: TraceEvent) -> None:
        (x1, y1), (x2, y2) = line
        lost = event.kind == "send"
        colour = colour_of(event.process) if lost else GREY
        self._axes.plot(
            [x1, x2], [y1, y2], color=colour, linewidth=1.2 * self._scale, linestyle="-" if lost else ":", zorder=2
        )
        end = (x2, y2) if lost else (x1, y1)
        size = (8 if lost else 9) * self._scale
        self._axes.plot(
            *end,
            marker="x" if lost else "d",
            color=BLACK,
            markersize=size,
            markeredgewidth=1.6 * self._scale,
            zorder=3,
        )

    def _mark(self, event: TraceEvent) -> None:
        x, y = self._sheet.marks[event.id]
        colour = colour_of(event.process)
        self._axes.plot(
            x,
            y,
            marker=_MARKERS[event.kind],
            markersize=MARK * self._scale,
            color=colour,
            markerfacecolor="white" if event.kind == "receive" else colour,
            markeredgewidth=1.4 * self._scale,
            zorder=3,
        )

    def _text(self, text: Text, size: float, style: str = "normal") -> None:
        self._axes.text(
            text.room.x,
            text.room.y,
            text.text,
            size=size * self._scale,
            family=MONOSPACE,
            style=style,
            ha="center",
            va="center",
            rotation=text.room.angle,
            rotation_mode="anchor",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4 * self._scale},
            zorder=4,
        )

    def _words(self, title: str) -> None:
        top = self._height - self._bottom - _HEAD / 2
        x, y = self.picture.transFigure.inverted().transform(self._axes.transData.transform((_EDGE - self._left, top)))
        self.picture.suptitle(title, x=x, y=y, ha="left", va="center", size=_TITLE_SIZE * self._scale, weight="bold")
        for i, line in enumerate(self._caption):
            below = _FOOT + 6 - self._bottom + (len(self._caption) - 1 - i) * _CAPTION_SIZE * 1.5
            self._axes.text(_EDGE - self._left, below, line, size=_CAPTION_SIZE * self._scale, family=MONOSPACE)

    def _legend(self) -> None:
        handles = list(_legend_handles(self._spacetime, self._scale))
        self._axes.legend(
            handles=handles,
            loc="center left",
            bbox_to_anchor=(_EDGE - self._left, _FOOT / 2 - self._bottom + 2),
            bbox_transform=self._axes.transData,
            ncols=len(handles),
            frameon=False,
            fontsize=_CAPTION_SIZE * self._scale,
            borderpad=0,
            borderaxespad=0,
            handletextpad=0.5,
            columnspacing=1.6,
        )


def _legend_handles(spacetime: Spacetime, scale: float) -> Iterable[Line2D]:
    kinds = {event.kind for event in spacetime.events}
    for kind in (kind for kind in _MARKERS if kind in kinds):
        face = "white" if kind == "receive" else GREY
        yield Line2D(
            [],
            [],
            color=GREY,
            marker=_MARKERS[kind],
            markerfacecolor=face,
            markersize=MARK * scale,
            linestyle="",
            label=kind,
        )
    if any(is_answer(arrow.send) for arrow in spacetime.arrows):
        yield Line2D([], [], color=GREY, linewidth=0.8 * scale, label="reply (thin)")
    if any(arrow.again for arrow in spacetime.arrows):
        yield Line2D([], [], color=GREY, linewidth=1.2 * scale, linestyle=(0, (4, 3)), label="delivered again")
    if spacetime.lost:
        yield Line2D([], [], color=BLACK, marker="x", markersize=7 * scale, linestyle="", label="never received")
    if spacetime.orphans:
        yield Line2D([], [], color=BLACK, marker="d", markersize=7 * scale, linestyle="", label="sender not known")
