"""A history as pandas tables. Times are wall seconds since 1970; durations are seconds, too, unless a name says ms."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from bookstore_lib.core.calls import calls
from bookstore_lib.core.errors import HistoryError
from bookstore_lib.core.trace_event import KINDS, TraceEvent
from bookstore_lib.lab.figures.terms import terms

_MESSAGE = ["message_id", "order_id", "name", "sender", "receiver", "sent", "received", "seconds", "again"]
_ORDER = ["order_id", "status", "executor", "epoch", "began", "settled", "answered", "seconds", "events", "messages"]
_TERM = ["process", "epoch", "elected", "believed_until", "key_until", "seconds", "ended_by"]
_CALL = ["order_id", "step", "caller", "service", "asked", "seconds", "answer"]


def events_frame(events: Sequence[TraceEvent]) -> pd.DataFrame:
    """A row for each event, a column for each field of `TraceEvent`; the clock as a plain dictionary."""
    rows = [[getattr(event, name) for name in TraceEvent.__slots__] for event in events]
    table = pd.DataFrame(rows, columns=list(TraceEvent.__slots__))
    return table.assign(clock=table["clock"].map(dict), epoch=table["epoch"].astype("Int64"))


def flat_frame(events: Sequence[TraceEvent]) -> pd.DataFrame:
    """As `events_frame`, but clock and detail are JSON text: for files whose cells are plain values."""
    table = events_frame(events)
    return table.assign(**{name: table[name].map(_json).astype(object) for name in ("clock", "detail")})


def messages_frame(events: Sequence[TraceEvent]) -> pd.DataFrame:
    """A row for each arrival of a message, `again` where it had come before, and one for each message that was lost."""
    sends = {event.id: event for event in events if event.kind == "send"}
    seen: set[str] = set()
    rows: list[list[Any]] = []
    for event in events:
        if event.kind == "receive":
            rows.append(_arrival(event, sends.get(event.message_id), again=event.message_id in seen))
            seen.add(event.message_id)
    lost = [send for send in sends.values() if send.id not in seen]
    rows += [[e.id, e.order_id, e.name, e.process, e.peer, e.wall, None, None, False] for e in lost]
    return pd.DataFrame(rows, columns=_MESSAGE).astype({"sent": float, "received": float, "seconds": float})


def orders_frame(events: Sequence[TraceEvent]) -> pd.DataFrame:
    """A row for each order: how it was settled, by whom, when it was answered, how many events and messages it took.

    `seconds` runs from the first event to the answer, or to the settlement where nobody was answered.
    """
    by_order: dict[str, list[TraceEvent]] = defaultdict(list)
    for event in events:
        if event.order_id:
            by_order[event.order_id].append(event)
    table = pd.DataFrame([_order(order_id, of_order) for order_id, of_order in by_order.items()], columns=_ORDER)
    table = table.astype({"epoch": "Int64", "settled": float, "answered": float, "seconds": float})
    return table.sort_values(["began", "order_id"], ignore_index=True)


def leadership_frame(events: Sequence[TraceEvent]) -> pd.DataFrame:
    """A row for each term of a leader: its election, how long it believed in itself, how long its key lived."""
    of_processes = sorted((event for event in events if not event.order_id), key=lambda event: event.wall)
    rows = [[t.process, t.epoch, t.start, t.end, t.key_until, t.end - t.start, t.ended_by] for t in terms(of_processes)]
    return pd.DataFrame(rows, columns=_TERM).astype({"epoch": "Int64"})


def counts_frame(events: Sequence[TraceEvent]) -> pd.DataFrame:
    """How many events of each kind each process has, and all have together."""
    counts = Counter[tuple[str, str]]((event.process, event.kind) for event in events)
    processes = sorted({event.process for event in events})
    rows = [[counts[process, kind] for kind in KINDS] for process in processes]
    table = pd.DataFrame(rows, index=pd.Index(processes, name="process"), columns=list(KINDS))
    table.loc["all"] = table.sum()
    return table.assign(total=table.sum(axis="columns"))


def steps_frame(events: Sequence[TraceEvent]) -> pd.DataFrame:
    """A row for each call of a service: from the caller's send to its receive of the answer.

    A step is named as in the checkout graph; other calls (ClearOrder) by their procedure. `answer` is `reply`, `error`
    or `none`; a call that was never answered has no `seconds`.
    """
    rows = [
        [
            call.asked.order_id,
            call.step,
            call.asked.process,
            call.service,
            call.asked.wall,
            call.answered and call.answered.wall - call.asked.wall,
            call.answer,
        ]
        for call in calls(events)
    ]
    return pd.DataFrame(rows, columns=_CALL).astype({"seconds": float})


def latency_frame(events: Sequence[TraceEvent]) -> pd.DataFrame:
    """How long each step took, in milliseconds: a row for each step, in the order in which they come first."""
    steps = steps_frame(events)
    by_step = steps.assign(ms=1000 * steps["seconds"]).groupby("step", sort=False)["ms"]
    columns = {
        "calls": by_step.size(),
        "answered": by_step.count(),
        "median_ms": by_step.median(),
        "p95_ms": by_step.quantile(0.95),
        "max_ms": by_step.max(),
    }
    return pd.DataFrame(columns)


def _json(value: Any) -> str:
    return json.dumps(dict(value), separators=(",", ":"))


def _arrival(receive: TraceEvent, send: TraceEvent | None, *, again: bool) -> list[Any]:
    sender, sent = (send.process, send.wall) if send else (receive.peer, None)
    seconds = None if sent is None else receive.wall - sent
    who = [receive.message_id, receive.order_id, receive.name, sender, receive.process]
    return [*who, sent, receive.wall, seconds, again]


def _order(order_id: str, events: Sequence[TraceEvent]) -> list[Any]:
    settled = next((e for e in reversed(events) if e.name == "settled" and not e.detail.get("refused")), None)
    answered = next((event.wall for event in reversed(events) if event.name == "answered"), None)
    began = min(event.wall for event in events)
    end = answered if answered is not None else (settled.wall if settled else None)
    how = [settled.detail.get("status"), settled.process, settled.epoch, settled.wall] if settled else [None] * 4
    status, executor, epoch, settled_wall = how
    seconds = None if end is None else end - began
    sends = sum(event.kind == "send" for event in events)
    return [order_id, status, executor, epoch, began, settled_wall, answered, seconds, len(events), sends]


FRAMES: dict[str, Callable[[Sequence[TraceEvent]], pd.DataFrame]] = {
    "events": events_frame,
    "messages": messages_frame,
    "orders": orders_frame,
    "leadership": leadership_frame,
    "counts": counts_frame,
    "steps": steps_frame,
    "latency": latency_frame,
}


def frame(events: Sequence[TraceEvent], of: str) -> pd.DataFrame:
    """The table with this name, one of `FRAMES`.

    Raises:
        HistoryError: There is no such table.
    """
    if of not in FRAMES:
        raise HistoryError(f"There is no table of {of!r}; choose one of {', '.join(FRAMES)}.")
    return FRAMES[of](events)
