"""The widget of a live view: what Python tells it, and what the hand of the user sets in it."""

import json
from collections.abc import Iterable, Sequence
from functools import partial
from importlib.resources import files
from typing import Any

import anywidget
import traitlets
from IPython.display import display

from bookstore_lib.core.space_columns import Axis
from bookstore_lib.core.trace_event import TraceEvent
from bookstore_lib.core.verdict import Violation
from bookstore_lib.lab.live_view.scene import Scene, scene_of
from bookstore_lib.lab.live_view.still import draw_still

# One script, as a widget has no second file; in this order, as each uses those before it.
_SCRIPTS = ("causality", "shown", "looks", "paint", "texts", "controls", "hands", "view")
_FOLDER = files(__package__) / "browser"


class LiveView(anywidget.AnyWidget):
    """The space-time diagram of `draw_clock_diagram` to touch: choose events, drag cuts, filter, zoom, go through time.

    All questions are answered in the browser, so a view whose state was saved with the notebook works without a kernel.
    Where the state was not saved, a picture stays in the cell's output in its place.

    Attributes:
        order: The order that is shown; empty for all. Happens-before is then that of `History.order`.
        hidden: The processes that are not shown.
        chosen: The id of the event whose past and future are shown; empty for none.
        cut: The ids of the last event of each process inside the cut, as for `History.breaking`; `None` for none.
        step: How many of the events shown have happened; -1 for all.

    Example:
        >>> view = history.live()
        >>> view.chosen = "executor-2#7"
        >>> history.breaking(view.cut)
    """

    _esm = "\n".join((_FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS)
    _css = (_FOLDER / "view.css").read_text(encoding="utf-8")

    scene = traitlets.Unicode().tag(sync=True)  # JSON; ipywidgets would walk through each of its lists
    order = traitlets.Unicode().tag(sync=True)
    hidden = traitlets.List(traitlets.Unicode()).tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)
    cut = traitlets.List(traitlets.Unicode(), default_value=None, allow_none=True).tag(sync=True)
    step = traitlets.Int(-1, min=-1).tag(sync=True)

    def show(
        self,
        events: Sequence[TraceEvent],
        process_events: Iterable[TraceEvent] = (),
        *,
        title: str | None = None,
        axis: Axis = "logical",
        violations: Sequence[Violation] | None = None,
    ) -> None:
        """Show these events from now on; what is chosen, cut and filtered stays as far as it is still there.

        Args:
            events: All of them, also those that were shown before.
            process_events: As for `draw_clock_diagram`.
            title: As there.
            axis: As there.
            violations: As there.

        Raises:
            HistoryError: There are no events, too many, or they cannot have happened.
        """
        events, process_events = tuple(events), tuple(process_events)
        found = scene_of(events, process_events, title=title, axis=axis, violations=violations)
        options: dict[str, Any] = {"title": title, "axis": axis, "violations": violations}
        self._draw_still = partial(draw_still, events, process_events=process_events, **options)
        self.scene = json.dumps(found, separators=(",", ":"))

    @property
    def told(self) -> Scene:
        """What the browser is told, as `scene_of` gives it after a way through JSON; empty before the first events."""
        return dict(json.loads(self.scene or "{}"))

    def _ipython_display_(self, **_: Any) -> None:
        """For notebooks: the view, and below it a picture, which the style sheet hides while the view lives.

        They are two outputs because JupyterLab shows an error, and no other form of the same output, for a widget that
        is gone.
        """
        bundle: Any = super()._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        show: Any = display  # IPython says no types of it
        show(data | {"text/plain": "Live space-time diagram"}, raw=True)
        if self.scene:
            show(self._draw_still(order=self.order, chosen=self.chosen, cut=self.cut))
