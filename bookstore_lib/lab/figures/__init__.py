"""The pictures for reports and lectures: clock diagrams, graphs, timelines, charts, and the system model."""

from bookstore_lib.lab.figures.checkout_graph import draw_checkout_graph
from bookstore_lib.lab.figures.clock_diagram import draw_clock_diagram
from bookstore_lib.lab.figures.clock_sheet import Direction
from bookstore_lib.lab.figures.election_frames import draw_election_frames
from bookstore_lib.lab.figures.election_timeline import draw_election_timeline
from bookstore_lib.lab.figures.failovers import Failover, draw_failovers, failovers, life_of_the_lock
from bookstore_lib.lab.figures.gantt import draw_gantt
from bookstore_lib.lab.figures.partial_order import Form, draw_happens_before, happens_before_graph
from bookstore_lib.lab.figures.picture import Picture, Size
from bookstore_lib.lab.figures.queue_chart import draw_queue
from bookstore_lib.lab.figures.save import alt_text, save_figure, svg_of
from bookstore_lib.lab.figures.system_model import draw_system

__all__ = [
    "Direction",
    "Failover",
    "Form",
    "Picture",
    "Size",
    "alt_text",
    "draw_checkout_graph",
    "draw_clock_diagram",
    "draw_election_frames",
    "draw_election_timeline",
    "draw_failovers",
    "draw_gantt",
    "draw_happens_before",
    "draw_queue",
    "draw_system",
    "failovers",
    "happens_before_graph",
    "life_of_the_lock",
    "save_figure",
    "svg_of",
]
