"""What all pictures share: the colours of the processes, the marks, and settings that no style of the user changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from re import search
from typing import Any

import matplotlib as mpl

from bookstore_lib.core.hosts import base_name

# M. Okabe and K. Ito, "Color Universal Design" (2008); their yellow cannot be read on white.
BLACK, ORANGE, SKY, GREEN, BLUE, VERMILLION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
GREY, LIGHT = "#767676", "#E8E8E8"
RED, FADED = "#C1001F", "#B4B4B4"  # what is wrong; what does not matter now
MONOSPACE = "monospace"  # DejaVu Sans Mono, and in an SVG a list that ends with whatever the reader has
CHARACTER = 0.602  # width of every character of MONOSPACE, in font sizes

_ROOM_COLOURS = {
    "orchestrator": BLACK,
    "transaction_verification": ORANGE,
    "fraud_detection": VERMILLION,
    "suggestions": GREEN,
}
_EXECUTOR_COLOURS = (BLUE, SKY, PURPLE, GREY)
_OTHER_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY)

_SETTINGS: dict[Any, Any] = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.hinting": "no_hinting",  # whose letters would be up to a tenth wider, depending on the dots per inch
    "text.usetex": False,
    "text.parse_math": False,
    "svg.hashsalt": "bookstore-lab",
    "svg.fonttype": "none",  # text that can be searched, copied and read aloud
    "font.family": "sans-serif",  # DejaVu Sans, which comes with matplotlib: the same letters on every machine
    "pdf.fonttype": 42,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw and save with these settings alone; the user's own are back afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def colour_of(process: str) -> str:
    """The colour of a process, the same in every picture and for all its incarnations."""
    base = base_name(process)
    if base in _ROOM_COLOURS:
        return _ROOM_COLOURS[base]
    number = search(r"(\d+)$", base)
    place = int(number[1]) - 1 if number else sum(map(ord, base))
    colours = _EXECUTOR_COLOURS if base.startswith("executor") else _OTHER_COLOURS
    return colours[place % len(colours)]


def tags(processes: tuple[str, ...]) -> dict[str, str]:
    """A short name for each process: `E2` for `executor-2`, `TV` for `transaction_verification`.

    Two processes whose short names would be the same keep their long ones.
    """
    short = {name: _tag(name) for name in processes}
    return {name: tag if list(short.values()).count(tag) == 1 else name for name, tag in short.items()}


def _tag(process: str) -> str:
    base, tilde, incarnation = process.partition("~")
    if len(process) <= 3:
        return process
    words = base.replace("-", "_").split("_")
    number = search(r"\d*$", base)
    letters = "".join(word[0].upper() for word in words if word and not word.isdecimal())
    return letters + (number[0] if number else "") + tilde + incarnation
