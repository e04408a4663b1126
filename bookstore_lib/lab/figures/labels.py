"""Finding room for text: turned rectangles, and which of them overlap. All lengths are points."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import cos, inf, radians, sin

Point = tuple[float, float]


@dataclass(frozen=True, eq=False)  # compared a million times, and only ever with itself
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
        mine, others = self.box, other.box
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
    def box(self) -> tuple[float, float, float, float]:
        """Left, low, right, high."""
        xs, ys = zip(*self.corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


class Board:
    """Where text has been put and may still be put.

    Args:
        taken: What no text may cover.
        crossed: Lines that text had better not cover.
    """

    def __init__(self, taken: Iterable[Slab], crossed: Iterable[Slab]) -> None:
        self._taken, self._crossed = _Near(taken), _Near(crossed)

    def put(self, candidates: Iterable[Slab]) -> Slab | None:
        """Take the free candidate that covers the fewest lines, the earlier of two; `None` if none is free."""
        best, fewest = None, inf
        for slab in candidates:
            if any(slab.overlaps(other) for other in self._taken.to(slab)):
                continue
            covered = sum(slab.overlaps(line) for line in self._crossed.to(slab))
            if covered < fewest:
                best, fewest = slab, covered
            if not covered:
                break
        if best:
            self._taken.add(best)
        return best


class _Near:
    """Slabs by the squares of a grid that their boxes touch, so that few have to be compared."""

    _CELL = 50.0

    def __init__(self, slabs: Iterable[Slab]) -> None:
        self._cells: dict[tuple[int, int], list[Slab]] = {}
        for slab in slabs:
            self.add(slab)

    def add(self, slab: Slab) -> None:
        for cell in self._touched(slab):
            self._cells.setdefault(cell, []).append(slab)

    def to(self, slab: Slab) -> set[Slab]:
        """All that can overlap the slab, and some more."""
        return {other for cell in self._touched(slab) for other in self._cells.get(cell, ())}

    def _touched(self, slab: Slab) -> Iterator[tuple[int, int]]:
        left, low, right, high = (int(side // self._CELL) for side in slab.box)
        yield from product(range(left, right + 1), range(low, high + 1))


def _apart(one: Iterable[Point], other: Iterable[Point], axis: Point) -> bool:
    c, s = axis
    shadow = [x * c + y * s for x, y in one]
    other_shadow = [x * c + y * s for x, y in other]
    return max(shadow) <= min(other_shadow) or max(other_shadow) <= min(shadow)
