"""What all panels share: work in the background, errors as a sentence, and a text that is the same in every run."""

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets

from bookstore_lib.core.errors import BookstoreError
from bookstore_lib.lab.cluster import Bookstore
from bookstore_lib.lab.panels import html
from bookstore_lib.lab.panels.keys import Keys
from bookstore_lib.lab.watch import Watch, watch

_STOPPED = "This bookstore was stopped; start a new one with Bookstore() and make this panel again."


class Shown:
    """Something that notebooks show as a widget, with a text that is the same in every run.

    Attributes:
        widget: What is shown.
    """

    widget: Any

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and the name of the class as its text; the text of widgets differs in every run."""
        bundle = self.widget._repr_mimebundle_(**options)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return data | {"text/plain": type(self).__name__}


class Panel(Shown):
    """A box of widgets for a notebook.

    A button is disabled while its work runs in a thread of its own, so the kernel stays free; an error appears in the
    panel as one sentence. A panel that shows something live is told of each look of the bookstore's watcher.

    Args:
        shop: A running bookstore.
        title: Stands above the panel.

    Attributes:
        widget: The box, to be put into other boxes.

    Raises:
        BookstoreError: The bookstore was stopped.
    """

    def __init__(self, shop: Bookstore, title: str) -> None:
        if not shop.close.alive:
            raise BookstoreError(_STOPPED)
        self._shop = shop
        self._title = ipywidgets.HTML(html.heading(title))
        self._keys = Keys(layout={"display": "none"})
        self._message = ipywidgets.HTML()
        self._running: threading.Thread | None = None
        self._busy: set[Any] = set()
        self._refused: set[Any] = set()
        self._lock = threading.Lock()
        self.widget = ipywidgets.VBox()
        self.widget.add_class(Keys.BOX)

    def wait(self, seconds: float = 60) -> None:
        """Wait until the work of the last button is done.

        Raises:
            TimeoutError: It was not done in time.
        """
        if self._running is not None:
            self._running.join(seconds)
            if self._running.is_alive():
                raise TimeoutError(f"The button's work was not done after {seconds} s.")

    def close(self) -> None:
        """Show nothing live any more, and take the panel away."""
        watch(self._shop).remove(self._on_look)
        self.widget.close()

    @property
    def message(self) -> str:
        """The sentence that the panel shows, as HTML."""
        return str(self._message.value)

    def _compose(self, *parts: Any) -> None:
        self.widget.children = [self._title, self._keys, *parts]

    def _follow(self) -> None:
        """From now on show what the watcher sees."""
        watch(self._shop).add(self._on_look)

    def _on_look(self, seen: Watch) -> None:
        try:
            if seen.running:
                self._show(seen)
            else:
                self._complain(_STOPPED)
        except Exception as error:  # noqa: BLE001 - the watcher tells others too, and goes on
            self._complain(f"This cannot be shown: {type(error).__name__}: {error}")

    def _show(self, seen: Watch) -> None:
        """Show what the watcher sees; for panels that follow it."""

    def _button(
        self, label: str, tooltip: str, work: Callable[[], object], style: str = "", doing: str = "Working..."
    ) -> Any:
        button = ipywidgets.Button(
            description=label,
            tooltip=tooltip,
            button_style=style,
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        button.on_click(lambda _: self._start(button, work, doing))
        return button

    def _allow(self, button: Any, allowed: bool) -> None:  # noqa: FBT001 - reads as a sentence
        """Whether a button makes sense now; one that works stays disabled until it has done."""
        with self._lock:
            (self._refused.discard if allowed else self._refused.add)(button)
            button.disabled = button in self._busy or not allowed

    def _start(self, button: Any, work: Callable[[], object], doing: str) -> None:
        with self._lock:
            self._busy.add(button)
            button.disabled = True
        self._message.value = html.status(doing, working=True)
        # Set before the thread runs, so that whoever pressed the button can wait for it.
        self._running = threading.Thread(target=self._work, args=(button, work), daemon=True)
        self._running.start()

    def _work(self, button: Any, work: Callable[[], object]) -> None:
        try:
            work()
        except BookstoreError as error:
            self._complain(str(error))
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            self._complain(f"This failed in an unexpected way: {type(error).__name__}: {error}")
        finally:
            with self._lock:
                self._busy.discard(button)
                button.disabled = button in self._refused

    def _complain(self, sentence: str) -> None:
        self._say(sentence, colour=html.ERROR)

    def _say(self, sentence: str, colour: str = html.TEXT) -> None:
        self._message.value = html.status(sentence, colour)


def row(*widgets: Any) -> Any:
    """Widgets beside each other, and below each other where the window is narrow."""
    return ipywidgets.HBox(widgets, layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center"))
