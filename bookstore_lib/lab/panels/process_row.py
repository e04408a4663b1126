"""One process in the cluster panel: a line of text and its buttons."""

from html import escape
from typing import Any

import ipywidgets

from bookstore_lib.lab.panels import html
from bookstore_lib.lab.panels.panel import row
from bookstore_lib.lab.watch import ProcessView

_HEALTH = {
    "running": ("●", html.GOOD, "running"),
    "paused": ("❄", html.WARN, "frozen"),
    "dead": ("✖", html.ERROR, "dead"),
}


class ProcessRow:
    """A line of the panel.

    Args:
        name: The process.
        buttons: By what they do.

    Attributes:
        widget: The line.
        buttons: As given.
    """

    def __init__(self, name: str, buttons: dict[str, Any]) -> None:
        self.name, self.buttons = name, buttons
        self._text = ipywidgets.HTML(layout=ipywidgets.Layout(min_width="440px"))
        self.widget = row(self._text, *buttons.values())

    def show(self, process: ProcessView) -> None:
        """Write how the process is."""
        sign, colour, health = _HEALTH[process.state]
        if process.cut_from:
            health += ", cut off" if len(process.cut_from) > 1 else f", cut from {process.cut_from[0]}"
        leads = process.role == "leader"
        role = f"{'★ ' if leads else ''}{process.role}{'' if process.epoch is None else f', epoch {process.epoch}'}"
        restarts = {0: "", 1: "restarted once"}.get(process.restarts, f"restarted {process.restarts} times")
        cells = [(process.name, 13, leads), (role, 11.5, leads), (restarts, 9, False)]
        text = "".join(
            f'<span style="display: inline-block; min-width: {width}em; font-weight: {"bold" if bold else "normal"}">'
            f"{escape(content)}</span>"
            for content, width, bold in cells
        )
        mark = f'<span style="color: {colour}">{sign}</span>'
        state = f'<span style="display: inline-block; min-width: 8em">{mark} {escape(health)}</span>'
        self._text.value = f'<div style="color: {html.TEXT}; line-height: 1.3; white-space: nowrap">{state}{text}</div>'

    @property
    def text(self) -> str:
        """What it says, as HTML."""
        return str(self._text.value)

    @staticmethod
    def sensible(process: ProcessView, *, links: bool) -> dict[str, bool]:
        """Which buttons make sense for a process as it is; `links`: whether links can be cut at all."""
        alive = process.state != "dead"
        return {
            "kill": alive,
            "freeze": process.state == "running",
            "resume": process.state == "paused",
            "restart": True,
            "cut off": links,
            "reconnect": bool(process.cut_from),
        }
