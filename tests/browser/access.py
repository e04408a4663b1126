"""Whether everybody can use a panel: names for a screen reader, the keyboard, and contrast."""

import re
from typing import Any

_LEAST = 4.5  # WCAG 2.2, 1.4.3: contrast of text
_NAMELESS = re.compile(r"^\s*- (button|combobox|img|meter|progressbar|slider|spinbutton|table|textbox)(?! \")")
_UNREACHABLE = """(panel) => [...panel.querySelectorAll("button:enabled, input:enabled, select:enabled, [role=slider]")]
    .filter((each) => each.tabIndex < 0).map((each) => each.outerHTML)"""
_CONTRASTS = """(panel) => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((part, i) => part * a + below[i] * (1 - a));
    const ground = (element) => {
        if (!element) return [255, 255, 255];
        const own = numbers(getComputedStyle(element).backgroundColor);
        return own[3] === 0 ? ground(element.parentElement) : over(own, ground(element.parentElement));
    };
    const light = (colour) => colour
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
    const texts = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement, text = texts.currentNode.data.trim();
        if (!text || !element.checkVisibility() || element.closest("button:disabled, option, style, title")) continue;
        const style = getComputedStyle(element), below = ground(element);
        const colour = element.closest("svg") ? style.fill : style.color;
        const [low, high] = [light(over(numbers(colour), below)), light(below)].sort((a, b) => a - b);
        found.push([text, (high + 0.05) / (low + 0.05)]);
    }
    return found;
}"""


def nameless(panel: Any) -> list[str]:
    """The controls and pictures that a screen reader has no name for."""
    return [line for line in panel.aria_snapshot().splitlines() if _NAMELESS.match(line)]


def unreachable(panel: Any) -> list[str]:
    """The controls that the Tab key passes by."""
    found: list[str] = panel.evaluate(_UNREACHABLE)
    return found


def faint(panel: Any) -> list[str]:
    """The texts that stand out too little from what is behind them."""
    contrasts = panel.evaluate(_CONTRASTS)
    assert contrasts, "a panel without a text"
    return [f"{text}: {contrast:.1f}" for text, contrast in contrasts if contrast < _LEAST]
