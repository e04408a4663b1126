"""The pictures for reports and lectures: clock diagrams, the checkout graph, election timelines."""

from bookstore_lib.lab.figures.checkout_graph import draw_checkout_graph
from bookstore_lib.lab.figures.clock_diagram import draw_clock_diagram
from bookstore_lib.lab.figures.clock_sheet import Direction
from bookstore_lib.lab.figures.election_timeline import draw_election_timeline
from bookstore_lib.lab.figures.picture import Picture
from bookstore_lib.lab.figures.save import alt_text, save_figure

__all__ = [
    "Direction",
    "Picture",
    "alt_text",
    "draw_checkout_graph",
    "draw_clock_diagram",
    "draw_election_timeline",
    "save_figure",
]
