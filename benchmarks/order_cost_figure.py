"""Draw docs/order_cost.svg from docs/order_cost.json: `python benchmarks/order_cost_figure.py`."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from bookstore_lib.lab.figures import Picture, save_figure
from bookstore_lib.lab.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    styled,
)

NOTES = Path(__file__).parents[1] / "docs" / "order_cost.json"
SIZE = (10.0, 8.2)
TITLE = "Where the processor time of an order goes"
READABLE = 0.055  # of the axis: a part that is wide enough for its number


class Look(NamedTuple):
    """How a part is drawn, so that it is told from the others without colours, too."""

    colour: str
    hatch: str
    text: str


LOOKS = [
    Look(BLUE, "", "white"),
    Look(ORANGE, "////", BLACK),
    Look(GREEN, "", "white"),
    Look(SKY, "....", BLACK),
    Look(VERMILLION, "", "white"),
    Look(PURPLE, "xxxx", BLACK),
    Look(GREY, "", "white"),
    Look(LIGHT, "////", BLACK),
]
PROCESSES = {
    "executor-1": "executor",
    "transaction_verification": "verification",
    "fraud_detection": "fraud",
    "suggestions": "suggestions",
    "orchestrator": "orchestrator",
    "postgres": "PostgreSQL",
    "redis": "Redis",
}


def bars(axes: Axes, title: str, ways: Sequence[str], parts: Mapping[str, Sequence[float]]) -> None:
    """A bar for each way, of parts one after the other.

    Args:
        axes: Where to.
        title: Above.
        ways: The bars, from the top.
        parts: Milliseconds by name of the part, one number for each way.
    """
    left = [0.0] * len(ways)
    most = max(map(sum, zip(*parts.values(), strict=True)))
    for (name, values), look in zip(parts.items(), LOOKS, strict=False):
        axes.barh(
            ways, values, left=left, label=name, color=look.colour, hatch=look.hatch, edgecolor="white", height=0.7
        )
        for place, value in enumerate(values):
            if value > READABLE * most:
                number(axes, left[place] + value / 2, place, value, look)
        left = [before + value for before, value in zip(left, values, strict=True)]
    for place, whole in enumerate(left):
        axes.text(whole + 0.01 * most, place, f"{whole:.1f} ms", va="center", fontweight="bold", fontsize=9)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlim(0, 1.12 * most)
    axes.invert_yaxis()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.1), ncols=4, frameon=False, fontsize=8.5, handlelength=1.6)


def number(axes: Axes, x: float, y: float, value: float, look: Look) -> None:
    """A part's milliseconds, on a ground of its own where the part is hatched."""
    ground: dict[str, Any] = {"facecolor": look.colour, "edgecolor": "none", "pad": 1} if look.hatch else {}
    axes.text(x, y, f"{value:.1f}", ha="center", va="center", color=look.text, fontsize=8.5, bbox=ground or None)


def draw(notes: Mapping[str, Any]) -> Picture:
    """All processes of the bookstore, and what the time of the executor and of a service goes into."""
    ways = list(notes)
    kinds = notes[ways[0]]["kinds"]["executor-1"]
    with styled():
        picture = Picture(*SIZE)
        picture.suptitle(TITLE, x=0.02, ha="left", fontsize=14)
        whole, executor, fraud = picture.subplots(3, 1)
        by_process = {label: [notes[way]["ms"][name] for way in ways] for name, label in PROCESSES.items()}
        bars(whole, "All processes: milliseconds of CPU an order", ways, by_process)
        for axes, name, title in ((executor, "executor-1", "The executor"), (fraud, "fraud_detection", "A service")):
            parts = {kind: [notes[way]["kinds"][name][kind] for way in ways] for kind in kinds}
            bars(axes, f"{title}, by what its time goes into", ways, parts)
        picture.subplots_adjust(left=0.235, right=0.985, top=0.91, bottom=0.085, hspace=0.75)
    picture.alt = alt(notes, by_process)
    return picture


def alt(notes: Mapping[str, Any], by_process: Mapping[str, Sequence[float]]) -> str:
    """The picture in words."""
    sums = [sum(values) for values in zip(*by_process.values(), strict=True)]
    told = "; ".join(f"{way}: {whole:.1f} ms" for way, whole in zip(notes, sums, strict=True))
    return f"Processor time of an order by process, and of the executor and a service by what it goes into. {told}."


def main() -> None:
    """Draw and save."""
    print(save_figure(draw(json.loads(NOTES.read_text(encoding="utf-8"))), NOTES.with_suffix(".svg")))


if __name__ == "__main__":
    main()
