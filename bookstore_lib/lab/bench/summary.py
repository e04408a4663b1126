"""What the rows come to: how far ahead this system is, and the figures that the README promises."""

from collections.abc import Callable, Iterable, Sequence

from bookstore_lib.lab.bench.compare import DRAIN, HTTP, OURS, RATE, STREAMS, TRACED
from bookstore_lib.lab.bench.rows import Row

Summary = dict[str, float | None]


def summarize(rows: Sequence[Row]) -> Summary:
    """The figures by name; `None` where nothing was measured for one.

    A ratio is ours by the best peer's. The best peer's jobs send the same single calls; with `our_streams` it calls
    through our client.
    """
    alike = _best(rows, DRAIN, _is_peer, lambda way: not way.endswith((STREAMS, TRACED)))
    ours_sampled = _best(rows, DRAIN, _is_ours, lambda way: way.startswith("stream") and way.endswith("1% traced"))
    ours_unary = _best(rows, DRAIN, _is_ours, lambda way: way.startswith("unary") and "all traced" in way)
    http_ours, http_peer = (_best(rows, HTTP, who, _any) for who in (_is_ours, _is_peer))
    return {
        "drain_vs_best_peer": _ratio(ours_sampled, alike),
        "drain_vs_best_peer_with_our_streams": _ratio(ours_sampled, _best(rows, DRAIN, _is_peer, _ends(STREAMS))),
        "unary_vs_best_peer": _ratio(ours_unary, alike),
        "unary_vs_best_peer_all_traced": _ratio(ours_unary, _best(rows, DRAIN, _is_peer, _ends(TRACED))),
        "http_vs_best_peer": _ratio(http_ours, http_peer),
        "append_only_file_costs": _cost_of_the_file(rows),
        "failover_killed_ms_p50": _worst(rows, "failover", "failover ms p50", "killed, watched"),
        "failover_beyond_lease_ms_p50": _worst(rows, "failover", "beyond lease ms p50", "killed, not watched"),
        "failover_beyond_lease_ms_p90": _worst(rows, "failover", "beyond lease ms p90", "killed, not watched"),
        "handover_ms_p50": _worst(rows, "handover", "handover ms p50", ""),
        "idle_vs_bare_round_trips": _worst(rows, "idle path", "times the bare round trips", ""),
        "ready_seconds": _worst(rows, "start", "ready seconds", ""),
        "memory_mb": _worst(rows, "memory", "memory MB", "shared pages once"),
    }


def _best(rows: Iterable[Row], topic: str, who: Callable[[str], bool], way: Callable[[str], bool]) -> float | None:
    rates = (row.value for row in rows if (row.topic, row.figure) == (topic, RATE) and who(row.who) and way(row.way))
    return max(rates, default=None)


def _worst(rows: Iterable[Row], topic: str, figure: str, way: str) -> float | None:
    found = (
        row.value
        for row in rows
        if (row.topic, row.who, row.figure) == (topic, OURS, figure) and row.way.startswith(way)
    )
    worst = max(found, default=None)
    return None if worst is None else round(worst, 2)


def _cost_of_the_file(rows: Iterable[Row]) -> float | None:
    """The share of the drain that is lost because Redis writes to disk before it answers."""
    rates = {row.way: row.value for row in rows if (row.topic, row.who, row.figure) == (DRAIN, OURS, RATE)}
    without = next((way for way in rates if way.endswith(", appendfsync no")), "")
    always = _ratio(rates.get(without.removesuffix(", appendfsync no")), rates.get(without))
    return None if always is None else round(1 - always, 2)


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return round(ours / theirs, 2) if ours and theirs else None


def _is_ours(who: str) -> bool:
    return who == OURS


def _is_peer(who: str) -> bool:
    return who != OURS


def _any(_way: str) -> bool:
    return True


def _ends(suffix: str) -> Callable[[str], bool]:
    return lambda way: way.endswith(suffix)
