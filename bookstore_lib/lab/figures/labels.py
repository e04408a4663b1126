"""Finding room for text: turned rectangles, and which of them overlap. All lengths are points."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin

Point = tuple[float, float]


@dataclass(frozen=True)
class Slab:
    """A rectangle turned about its middle by `angle` degrees; with no height it is a line."""

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0

    @cached_property
    def corners(self) -> tuple[Point, ...]:
        """Its four corners, around."""
        c, s = self._along
        halves = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return tuple(
            (
                self.x + (i * self.width * c - j * self.height * s) / 2,
                self.y + (i * self.width * s + j * self.height * c) / 2,
            )
            for i, j in halves
        )

    def overlaps(self, other: "Slab") -> bool:
        """Whether the two have more than an edge in common.

        Two turned rectangles are apart if and only if a side of one of them separates them (separating axis theorem).
        """
        mine, others = self._box, other._box  # noqa: SLF001 - of the same class
        if mine[0] >= others[2] or others[0] >= mine[2] or mine[1] >= others[3] or others[1] >= mine[3]:
            return False
        return not any(
            _apart(self.corners, other.corners, axis)
            for c, s in (self._along, other._along)  # noqa: SLF001 - of the same class
            for axis in ((c, s), (-s, c))
        )

    @cached_property
    def _along(self) -> Point:
        return cos(radians(self.angle)), sin(radians(self.angle))

    @cached_property
    def _box(self) -> tuple[float, float, float, float]:
        xs, ys = zip(*self.corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


class Board:
    """Where text has been put and may still be put.

    Args:
        taken: What no text may cover.
        crossed: Lines that text had better not cover.
    """

    def __init__(self, taken: Iterable[Slab], crossed: Iterable[Slab]) -> None:
        self._taken = list(taken)
        self._crossed = list(crossed)

    def put(self, candidates: Iterable[Slab]) -> Slab | None:
        """Take the free candidate that covers the fewest lines, the earlier of two; `None` if none is free."""
        best, fewest = None, len(self._crossed) + 1
        for slab in candidates:
            if any(slab.overlaps(other) for other in self._taken):
                continue
            covered = sum(slab.overlaps(line) for line in self._crossed)
            if covered < fewest:
                best, fewest = slab, covered
            if not covered:
                break
        if best:
            self._taken.append(best)
        return best


def _apart(one: Iterable[Point], other: Iterable[Point], axis: Point) -> bool:
    c, s = axis
    shadow = [x * c + y * s for x, y in one]
    other_shadow = [x * c + y * s for x, y in other]
    return max(shadow) <= min(other_shadow) or max(other_shadow) <= min(shadow)
