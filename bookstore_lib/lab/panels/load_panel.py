"""Orders at a rate, and how the shop keeps up."""

from collections import deque
from collections.abc import Mapping

import ipywidgets

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.figures.live import Curve, draw_curves
from bookstore_lib.lab.figures.style import BLUE, GREEN, VERMILLION
from bookstore_lib.lab.load import Load, Summary
from bookstore_lib.lab.panels.panel import Panel, row
from bookstore_lib.lab.watch import Watch

MIXES: Mapping[str, Mapping[str, float]] = {
    "all good": {"good": 1},
    "one in five with a bad card": {"good": 4, "bad_card": 1},
    "everybody": {"good": 4, "bad_card": 1, "expired_card": 1, "missing_city": 1, "suspicious": 1},
}
_LONGEST = 600.0
_SHOWN = 30.0
_BIN = 1.0  # seconds over which a rate and a latency are counted


class LoadPanel(Panel):
    """Choose a rate and a mix, start and stop, and see throughput, latency and the queue as they change.

    Args:
        shop: A running bookstore.
    """

    def __init__(self, shop: Bookstore) -> None:
        super().__init__(shop, "Load")
        self.rate = ipywidgets.IntSlider(value=5, min=1, max=100, description="Orders/s")
        self.mix = ipywidgets.Dropdown(options=list(MIXES), description="Mix")
        self.start_button = self._button(
            "Start", "Let orders arrive at this rate", self._begin, "primary", doing="Orders arrive..."
        )
        self.stop_button = self._button("Stop", "Let no more orders arrive", self.stop, doing="Waiting for outcomes...")
        self.stop_button.disabled = True
        self._curves = ipywidgets.HTML()
        self._load: Load | None = None
        self._queue: deque[tuple[float, float]] = deque(maxlen=int(_SHOWN * 10))
        self._compose(row(self.rate, self.mix, self.start_button, self.stop_button), self._message, self._curves)
        self._follow()

    def run(self, rate: float, seconds: float, mix: Mapping[str, float]) -> Summary:
        """What the buttons do, for a cell: a load as by `run_load`, shown in the panel.

        Raises:
            BookstoreError: The rate or the mix makes no sense, or a load runs already.
        """
        if self._load is not None:
            raise BookstoreError("A load runs already; stop it first.")
        load = self._load = Load(self._shop, rate, mix)
        self._queue.clear()
        try:
            load.run(seconds)
        finally:
            self._load = None
        self._curves.value = _drawn(load, list(self._queue))
        self._say(str(load.summary()))
        return load.summary()

    def stop(self) -> None:
        """What the button does, for a cell: let no more orders arrive; the summary follows with the last outcome."""
        if self._load is not None:
            self._load.stop()

    @property
    def curves(self) -> str:
        """The curves, as HTML."""
        return str(self._curves.value)

    def _begin(self) -> None:
        self.run(self.rate.value, _LONGEST, MIXES[self.mix.value])

    def _show(self, seen: Watch) -> None:
        load = self._load
        self._allow(self.stop_button, load is not None)
        if load is None:
            return
        now = seen.view.coordination
        self._queue.append((load.elapsed, now.waiting + now.under_way))
        self._curves.value = _drawn(load, list(self._queue))


def _drawn(load: Load, queue: list[tuple[float, float]]) -> str:
    bins = load.by_second(_SHOWN, _BIN)
    done = Curve("Outcomes each second", [(at, len(times) / _BIN) for at, times in bins], GREEN)
    slow = Curve("Slowest in that second, ms", [(at, 1000 * max(times, default=0.0)) for at, times in bins], VERMILLION)
    return draw_curves([done, slow, Curve("Orders in the queue", queue, BLUE)], _SHOWN)
