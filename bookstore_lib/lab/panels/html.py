"""Pieces of HTML that panels are made of; their colours are those of the JupyterLab theme, light or dark."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO

from matplotlib.figure import Figure

from bookstore_lib.lab.figures import alt_text

TEXT = "var(--jp-ui-font-color1, inherit)"
FAINT = "var(--jp-ui-font-color2, inherit)"
LINE = "var(--jp-border-color2, #8886)"
ERROR = "var(--jp-error-color1, #b00020)"
GOOD = "var(--jp-success-color1, #1b7f3b)"
WARN = "var(--jp-warn-color1, #b25b00)"
BRAND = "var(--jp-brand-color1, #0072b2)"


def heading(text: str) -> str:
    """The name of a panel."""
    return f'<h3 style="margin: 4px 0; color: {TEXT}; font-size: 1.1em">{escape(text)}</h3>'


def status(sentence: str, colour: str = TEXT, *, working: bool = False) -> str:
    """A sentence that a screen reader reads out when it changes."""
    dots = ' <progress aria-label="working" style="width: 5em; height: 0.8em"></progress>' if working else ""
    return f'<div role="status" style="color: {colour}">{escape(sentence)}{dots}</div>'


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts."""
    cell = f"text-align: left; padding: 1px 12px 1px 0; border-bottom: 1px solid {LINE}; vertical-align: top"
    head = "".join(f'<th scope="col" style="{cell}">{escape(column)}</th>' for column in columns)
    lines = ("".join(f'<td style="{cell}">{escape(text)}</td>' for text in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    title = f'<caption style="text-align: left; color: {FAINT}">{escape(caption)}</caption>'
    return (
        f'<table style="border-collapse: collapse; color: {TEXT}; line-height: 1.4">'
        f"{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def lease_bar(holder: str, left: float, ttl: float) -> str:
    """A bar that runs down by itself, from what is left of a lease; the browser moves it.

    Args:
        holder: Who holds the lease; empty for nobody.
        left: Seconds that are left now.
        ttl: Seconds of a full bar.
    """
    left = min(max(left, 0.0), ttl)
    text = f"{holder} holds the lock" if holder else "nobody holds the lock"
    inner = (
        f"height: 100%; background: {BRAND}; transform-origin: left; transform: scaleX(0);"
        f" animation: bookstore-lease {ttl:.2f}s linear {left - ttl:.2f}s"
    )
    return (
        "<style>@keyframes bookstore-lease { from { transform: scaleX(1) } to { transform: scaleX(0) } }</style>"
        f'<div style="display: flex; align-items: center; gap: 8px; margin-right: 24px; color: {TEXT}">'
        f'<div role="meter" aria-label="life of the lease in seconds" aria-valuemin="0" aria-valuemax="{ttl:g}"'
        f' aria-valuenow="{left:.1f}" aria-valuetext="{escape(text)}" style="width: 200px; height: 12px;'
        f' border: 1px solid {FAINT}; overflow: hidden"><div style="{inner if holder else ""}"></div></div>'
        f"<span>{escape(text)}; a full bar is {ttl:g} s</span></div>"
    )


def picture(figure: Figure) -> str:
    """A figure with its alt text."""
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=150)
    data = b64encode(stream.getvalue()).decode()
    return f'<img alt="{escape(alt_text(figure))}" src="data:image/png;base64,{data}" style="max-width: 100%">'
