"""Medians and percentiles of what was measured."""

from collections.abc import Sequence


def share_of(values: Sequence[float], share: float) -> float:
    """The value that this share of the others do not exceed: 0.5 the median, 0.9 the 90th percentile; between two of
    them in proportion. Not a number where there are no values.
    """  # noqa: D205 - one thought
    if not values:
        return float("nan")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
