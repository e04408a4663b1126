"""Vector clocks: which of two events can have influenced the other.

Follows C. Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial Ordering" (1988), and F. Mattern,
"Virtual Time and Global States of Distributed Systems" (1988). A clock says nothing about real time, and two clocks
can be compared only when they come from the same execution.
"""

from collections.abc import ItemsView, Iterator, Mapping


class VectorClock(Mapping[str, int]):
    """An immutable vector clock: the number of events known of each host.

    A host that is missing counts as 0, so clocks over different sets of hosts compare as they should.

    Args:
        entries: Host name to number of events, each 0 or more.

    Raises:
        ValueError: An entry is negative or not a whole number.

    Example:
        >>> a = VectorClock().tick("alice")
        >>> b = VectorClock().receive(a, "bob")
        >>> a < b, a.concurrent_with(VectorClock({"carol": 1}))
        (True, True)
    """

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[str, int] | None = None) -> None:
        self._entries = dict(entries or {})
        for count in self._entries.values():
            if type(count) is not int or count <= 0:
                self._entries = _checked(self._entries)
                break

    def tick(self, host: str) -> "VectorClock":
        """The clock after one more event on `host`."""
        return _trusted({**self._entries, host: self._entries.get(host, 0) + 1})

    def merge(self, other: Mapping[str, int]) -> "VectorClock":
        """What both know together: the larger of each entry."""
        merged = dict(self._entries)
        for host, count in other.items():
            if count > merged.get(host, 0):
                merged[host] = count
        return _trusted(merged)

    def receive(self, other: Mapping[str, int], host: str) -> "VectorClock":
        """The clock of `host` after it received a message that carried `other`: merge, then tick."""
        return self.merge(other).tick(host)

    def concurrent_with(self, other: "VectorClock") -> bool:
        """Whether neither happened before the other and they differ."""
        return not self <= other and not other <= self

    def __getitem__(self, host: str) -> int:
        """The number of events known of `host`; 0 for a host never heard of."""
        return self._entries.get(host, 0)

    def items(self) -> ItemsView[str, int]:
        """Host and count of each entry; the dictionary's own view, because that of `Mapping` is slow."""
        return self._entries.items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, host: object) -> bool:
        return host in self._entries

    def __le__(self, other: "VectorClock") -> bool:
        return all(count <= other[host] for host, count in self._entries.items())

    def __lt__(self, other: "VectorClock") -> bool:
        return self <= other and self != other

    def __ge__(self, other: "VectorClock") -> bool:
        return other <= self

    def __gt__(self, other: "VectorClock") -> bool:
        return other < self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VectorClock) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(frozenset(self._entries.items()))

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{host}: {self._entries[host]}" for host in sorted(self._entries)) + "}"


def _checked(entries: dict[str, int]) -> dict[str, int]:
    """The entries that are not 0, if all are right."""
    for host, count in entries.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ValueError(f"The entry of {host!r} has to be a whole number of 0 or more, not {count!r}.")
    return {host: count for host, count in entries.items() if count}


def _trusted(entries: dict[str, int]) -> VectorClock:
    """A clock from entries known to be right; checking each again at every event is most of its cost."""
    clock = VectorClock.__new__(VectorClock)
    clock._entries = entries  # noqa: SLF001 - the second constructor of this class
    return clock
