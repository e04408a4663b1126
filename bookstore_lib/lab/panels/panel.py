"""What all panels share: work in the background, errors as a sentence, and a text that is the same in every run."""

import threading
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

from bookstore_lib.core.errors import BookstoreError


class Panel:
    """A box of widgets for a notebook.

    A button is disabled while its work runs in a thread of its own, so the kernel stays free; an error appears in the
    panel as one sentence.

    Attributes:
        widget: The box, to be put into other boxes.
    """

    def __init__(self) -> None:
        self._message = ipywidgets.HTML()
        self._running: threading.Thread | None = None
        self.widget = ipywidgets.VBox()

    def wait(self, seconds: float = 60) -> None:
        """Wait until the work of the last button is done.

        Raises:
            TimeoutError: It was not done in time.
        """
        if self._running is not None:
            self._running.join(seconds)
            if self._running.is_alive():
                raise TimeoutError(f"The button's work was not done after {seconds} s.")

    @property
    def message(self) -> str:
        """The sentence that the panel shows, as HTML."""
        return str(self._message.value)

    def _button(self, label: str, tooltip: str, work: Callable[[], None], style: str = "") -> Any:
        button = ipywidgets.Button(
            description=label,
            tooltip=tooltip,
            button_style=style,
            layout=ipywidgets.Layout(width="auto", align_self="flex-start"),
        )
        button.on_click(lambda _: self._start(button, work))
        return button

    def _start(self, button: Any, work: Callable[[], None]) -> None:
        button.disabled = True
        self._say("Working...")
        # Set before the thread runs, so that whoever pressed the button can wait for it.
        self._running = threading.Thread(target=self._work, args=(button, work), daemon=True)
        self._running.start()

    def _work(self, button: Any, work: Callable[[], None]) -> None:
        try:
            work()
        except BookstoreError as error:
            self._complain(str(error))
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            self._complain(f"This failed in an unexpected way: {type(error).__name__}: {error}")
        finally:
            button.disabled = False

    def _complain(self, sentence: str) -> None:
        self._say(sentence, colour="var(--jp-error-color1, #b00020)")

    def _say(self, sentence: str, colour: str = "inherit") -> None:
        self._message.value = f'<div role="status" style="color: {colour}">{escape(sentence)}</div>'

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """For notebooks: the widget, and the panel's name as its text; the text of widgets differs in every run."""
        bundle = self.widget._repr_mimebundle_(**options)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return data | {"text/plain": type(self).__name__}
