"""Puts the letters that an SVG uses into it, so that it looks the same where their font is not installed."""

import base64
from collections import defaultdict
from collections.abc import Mapping
from io import BytesIO

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text

_TICKS = "0123456789.,-\N{MINUS SIGN}"  # of axes, whose labels are only made while they are drawn
_WEIGHTS = {"bold": "700", "normal": "400"}


def with_fonts(svg: str, figure: Figure) -> str:
    """The SVG of a figure with a style sheet that has its fonts, reduced to the letters in it."""
    faces = "".join(_face(path, letters) for path, letters in sorted(_letters(figure).items()))
    return svg.replace("<defs>", f"<defs>\n  <style>{faces}</style>", 1)


def _letters(figure: Figure) -> Mapping[str, set[str]]:
    """The letters that are used of each font file."""
    used: dict[str, set[str]] = defaultdict(set)
    for text in figure.findobj(Text):
        if isinstance(text, Text) and text.get_text():
            used[findfont(text.get_fontproperties())] |= {*text.get_text(), *_TICKS}
    return used


def _face(path: str, letters: set[str]) -> str:
    """A font as a rule of CSS; not compressed, because not every machine compresses to the same bytes."""
    font = TTFont(path, recalcTimestamp=False)
    options = Options(hinting=False, layout_features=[], notdef_outline=True)
    options.drop_tables += ["FFTM"]  # when the tool that made the font was made
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(letters)))
    subsetter.subset(font)
    stream = BytesIO()
    font.save(stream)
    data = base64.b64encode(stream.getvalue()).decode()
    style = get_font(path)
    weight = _WEIGHTS["bold" if "bold" in style.style_name.lower() else "normal"]
    slant = "italic" if "oblique" in style.style_name.lower() else "normal"
    return (
        f"@font-face{{font-family:'{style.family_name}';font-weight:{weight};font-style:{slant};"
        f"src:url(data:font/ttf;base64,{data})}}"
    )
