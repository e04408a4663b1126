"""Draw docs/bench.svg from benchmarks/results.json: `python benchmarks/bench_figure.py`."""

import json
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from bookstore_lib.lab.bench.compare import DRAIN, HTTP, OURS, RATE, STREAMS, TRACED
from bookstore_lib.lab.bench.rows import Row
from bookstore_lib.lab.figures import Picture, save_figure
from bookstore_lib.lab.figures.style import BLACK, BLUE, GREY, ORANGE, styled

NOTES = Path(__file__).with_name("results.json")
FIGURE = Path(__file__).parents[1] / "docs" / "bench.svg"
TITLE = "Orders a second"
LABELS = {"ours": "this system", "mixed": "a peer whose jobs use our streams", "peer": "what people would use instead"}
COLOURS, HATCHES = {"ours": BLUE, "mixed": ORANGE, "peer": GREY}, {"ours": "", "mixed": "////", "peer": ""}
Bar = tuple[str, str, float]


def bars_of(rows: Sequence[Row], topic: str) -> list[Bar]:
    """Label, kind and rate: each peer at its best, and this system in every way that is not a worse one of the same."""
    best: dict[tuple[str, str], Row] = {}
    rates = [row for row in rows if (row.topic, row.figure) == (topic, RATE) and "appendfsync" not in row.way]
    for row in rates:
        if row.who == OURS or not row.way.endswith(TRACED):
            key = row.who, _kind_of_way(row)
            best[key] = max(best.get(key, row), row, key=lambda each: each.value)
    found = [(_label(row, topic), _kind(row), row.value) for row in best.values()]
    return sorted(found, key=lambda bar: -bar[2])


def draw(rows: Sequence[Row]) -> Picture:
    """A bar for each; backlogs above, HTTP below."""
    backlog, http = bars_of(rows, DRAIN), bars_of(rows, HTTP)
    with styled():
        picture = Picture(10.0, 1.9 + 0.33 * (len(backlog) + len(http)))
        picture.suptitle(TITLE, x=0.02, ha="left", fontsize=14)
        above, below = picture.subplots(2, 1, height_ratios=[len(backlog), len(http) + 0.6])
        _bars(above, "A backlog that is worked off: the same ten calls an order, on the same services", backlog)
        _bars(below, "Over HTTP: a customer sends an order and waits for its outcome", http)
        legend = [Patch(facecolor=COLOURS[k], hatch=HATCHES[k], edgecolor="white", label=LABELS[k]) for k in LABELS]
        picture.legend(handles=legend, loc="upper right", bbox_to_anchor=(0.985, 0.995), ncols=3, frameon=False)
        picture.subplots_adjust(left=0.31, right=0.95, top=0.87, bottom=0.03, hspace=0.35)
    told = "; ".join(f"{label}: {rate:.0f}" for label, _, rate in backlog + http)
    picture.alt = f"Orders a second, this system and what people would use instead. {told}."
    return picture


def _bars(axes: Axes, title: str, bars: Sequence[Bar]) -> None:
    most = max((rate for _, _, rate in bars), default=1.0)
    for place, (_, kind, rate) in enumerate(bars):
        axes.barh(place, rate, color=COLOURS[kind], hatch=HATCHES[kind], edgecolor="white", height=0.72)
        axes.text(rate + 0.008 * most, place, f"{rate:.0f}", va="center", fontsize=9.5, color=BLACK)
    axes.set_yticks(range(len(bars)), [label for label, _, _ in bars], fontsize=9.5)
    axes.set_xlim(0, 1.06 * most)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xticks([])
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _kind(row: Row) -> str:
    return "ours" if row.who == OURS else "mixed" if row.way.endswith(STREAMS) else "peer"


def _kind_of_way(row: Row) -> str:
    """Of ours, transport and tracing count; of a peer, whose client its jobs use."""
    if row.who != OURS:
        return _kind(row)
    transport, _, traced = row.way.partition(", ")
    return f"{transport} {traced.rpartition(', ')[2]}"


def _label(row: Row, topic: str) -> str:
    if row.who != OURS:
        return f"{row.who}, our streams" if row.way.endswith(STREAMS) else row.who
    return f"ours: {row.way}" if topic == DRAIN else "ours"


def main() -> None:
    """Draw and save."""
    notes = json.loads(NOTES.read_text(encoding="utf-8"))
    print(save_figure(draw([Row(**row) for row in notes["rows"]]), FIGURE))


if __name__ == "__main__":
    main()
