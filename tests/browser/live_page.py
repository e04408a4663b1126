"""A live view on a page of its own, without a notebook: a model that keeps what the view sets, and nothing else."""

from typing import Any

from playwright.sync_api import Locator, Page

from bookstore_lib.lab.live_view import LiveView

_THEMES = {
    "light": 'data-jp-theme-light="true" style="--jp-layout-color0: #fff; --jp-ui-font-color1: #212121"',
    "dark": 'data-jp-theme-light="false" style="--jp-layout-color0: #111; --jp-ui-font-color1: #fff"',
}
_PAGE = "<!doctype html><meta charset='utf-8'><style>{css}</style><body {theme}><div id='here'></div></body>"
_RENDER = """async ([script, state]) => {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    window.live = await import(address);
    const listeners = {};
    window.model = {
        get: (name) => state[name],
        set: (name, value) => { state[name] = value; (listeners[`change:${name}`] ?? []).forEach((does) => does()); },
        on: (name, does) => (listeners[name] ??= []).push(does),
        off: () => {},
        save_changes: () => {},
    };
    window.close_view = window.live.default.render({ model: window.model, el: document.getElementById("here") });
}"""
# Moves a pointer over the canvas, without a mouse, until the tip at it says the sentence.
_FIND = """(canvas, sentence) => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    for (let y = 4; y < height; y += 5) for (let x = 100; x < width; x += 5) {
        canvas.dispatchEvent(new PointerEvent("pointermove", { clientX: left + x, clientY: top + y }));
        if (canvas.title === sentence) return [x, y];
    }
    return null;
}"""


class LivePage:
    """A live view in a browser, wherever it stands.

    Attributes:
        canvas: What it draws on.
        status: Where it says in words what is chosen.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.canvas: Locator = page.get_by_role("application", name="Space-time diagram")
        self.status: Locator = page.locator(".bookstore-live").get_by_role("status")

    def open(self, view: LiveView, theme: str = "light") -> "LivePage":
        """Put a view on an empty page."""
        self.page.set_content(_PAGE.format(css=LiveView._css, theme=_THEMES[theme]))
        state = {name: getattr(view, name) for name in ("scene", "order", "hidden", "chosen", "cut", "step")}
        self.page.evaluate(_RENDER, [LiveView._esm, state])
        return self

    def get(self, name: str) -> Any:
        """What the view has set, as Python would be told."""
        return self.page.evaluate("(name) => window.model.get(name)", name)

    def set(self, name: str, value: Any) -> None:
        """What Python sets."""
        self.page.evaluate("([name, value]) => window.model.set(name, value)", [name, value])

    def where(self, sentence: str) -> dict[str, Any]:
        """Where on the canvas the event stands of which this sentence is told."""
        found = self.canvas.evaluate(_FIND, sentence)
        assert found, f"no event on the canvas says: {sentence}"
        return {"x": found[0], "y": found[1]}

    def click(self, sentence: str) -> None:
        """Click the event of which this sentence is told."""
        self.canvas.click(position=self.where(sentence))

    def press(self, *keys: str) -> None:
        """Press keys on the canvas."""
        for key in keys:
            self.canvas.press(key)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag from a point of the canvas to another."""
        box = self.canvas.bounding_box()
        assert box
        self.page.mouse.move(box["x"] + start[0], box["y"] + start[1])
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + (start[0] + end[0]) / 2, box["y"] + (start[1] + end[1]) / 2)
        self.page.mouse.move(box["x"] + end[0], box["y"] + end[1])
        self.page.mouse.up()
