"""What a measurement gives."""

from typing import NamedTuple


class Row(NamedTuple):
    """One figure.

    Attributes:
        topic: What was done, such as `drain`.
        who: `bookstore`, or the peer's name.
        way: How it was set up, such as `stream, 32 in flight, 1% traced`.
        figure: What was measured, such as `orders a second`; the unit is in it.
        value: The figure.
    """

    topic: str
    who: str
    way: str
    figure: str
    value: float
