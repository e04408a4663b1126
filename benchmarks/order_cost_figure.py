"""Draw docs/order-cost.svg from docs/order-cost.json, for sheet 7, too: `python benchmarks/order_cost_figure.py`."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, NamedTuple

from matplotlib.axes import Axes

from bookstore_lib.lab.figures import Picture, save_figure
from bookstore_lib.lab.figures.style import (
    BLACK,
    BLUE,
    FADED,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    styled,
)

NOTES = Path(__file__).parents[1] / "docs" / "order-cost.json"
SHEET = NOTES.parents[1] / "notebooks" / "07_load_and_bottlenecks.ipynb"
ATTACHMENT = "order-cost.png"
SIZE = (10.0, 8.2)
TITLE = "Where the processor time of an order goes"
CHARACTERS = 21  # of a line of a bar's name
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
    Look(SKY, "\\\\\\\\", BLACK),
    Look(VERMILLION, "", "white"),
    Look(PURPLE, "xxxx", BLACK),
    Look(GREY, "", "white"),
    Look(FADED, "////", BLACK),
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
    """A bar for each way, of parts one after the other; the legend is left to the caller.

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


def legend(axes: Axes) -> None:
    """What the parts are, below."""
    axes.legend(loc="upper left", bbox_to_anchor=(-0.01, -0.16), ncols=4, frameon=False, fontsize=9, handlelength=1.8)


def number(axes: Axes, x: float, y: float, value: float, look: Look) -> None:
    """A part's milliseconds, on a ground of its own where the part is hatched."""
    ground: dict[str, Any] = {"facecolor": look.colour, "edgecolor": "none", "pad": 1} if look.hatch else {}
    axes.text(x, y, f"{value:.1f}", ha="center", va="center", color=look.text, fontsize=8.5, bbox=ground or None)


def draw(notes: Mapping[str, Any]) -> Picture:
    """All processes of the bookstore, and what the time of the executor and of a service goes into."""
    ways = [fill(way, CHARACTERS) for way in notes]
    kinds = next(iter(notes.values()))["kinds"]["executor-1"]
    with styled():
        picture = Picture(*SIZE)
        picture.suptitle(TITLE, x=0.02, ha="left", fontsize=14)
        whole, executor, fraud = picture.subplots(3, 1)
        by_process = {label: [note["ms"][name] for note in notes.values()] for name, label in PROCESSES.items()}
        bars(whole, "All processes: milliseconds of CPU an order", ways, by_process)
        legend(whole)
        for axes, name, title in (
            (executor, "executor-1", "The executor"),
            (fraud, "fraud_detection", "A service (fraud detection)"),
        ):
            parts = {kind: [note["kinds"][name][kind] for note in notes.values()] for kind in kinds}
            bars(axes, f"{title}, by what its time goes into", ways, parts)
        legend(fraud)
        picture.text(0.02, 0.925, _source(notes), fontsize=9, color=GREY)
        picture.subplots_adjust(left=0.19, right=0.985, top=0.86, bottom=0.1, hspace=0.72)
    picture.alt = alt(notes, by_process)
    return picture


def _source(notes: Mapping[str, Any]) -> str:
    last = list(notes.values())[-1]
    versions = ", ".join(dict.fromkeys(note["version"] for note in notes.values()))
    machine = f"{last['machine']}, Python {last['python']}, {last['day']}"
    return f"From the queue to the acknowledgement; {machine}; versions {versions}"


def alt(notes: Mapping[str, Any], by_process: Mapping[str, Sequence[float]]) -> str:
    """The picture in words."""
    sums = [sum(values) for values in zip(*by_process.values(), strict=True)]
    told = "; ".join(f"{way}: {whole:.1f} ms" for way, whole in zip(notes, sums, strict=True))
    return f"Processor time of an order by process, and of the executor and a service by what it goes into. {told}."


def attach(png: bytes) -> None:
    """Put the picture into the sheet: what lies outside the folder of the sheets is out of Jupyter's reach."""
    sheet = json.loads(SHEET.read_text(encoding="utf-8"))
    (cell,) = [cell for cell in sheet["cells"] if ATTACHMENT in cell.get("attachments", ())]
    cell["attachments"][ATTACHMENT] = {"image/png": base64.b64encode(png).decode()}
    SHEET.write_text(json.dumps(sheet, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Draw and save."""
    picture = draw(json.loads(NOTES.read_text(encoding="utf-8")))
    print(save_figure(picture, NOTES.with_suffix(".svg")))
    data, _ = picture._repr_mimebundle_()
    attach(data["image/png"])


if __name__ == "__main__":
    main()
