"""The calls of services that an order took: who asked, when it was served, when and how it was answered."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bookstore_lib.core.checkout_graph import STEPS
from bookstore_lib.core.hosts import base_name
from bookstore_lib.core.trace_event import TraceEvent

Answer = Literal["reply", "error", "none"]
_SERVICES = {step.service for step in STEPS.values()}
_STEP_NAMES = {(step.service, step.procedure): name for name, step in STEPS.items()}


class Call(NamedTuple):
    """One call of a service.

    Attributes:
        step: Its name in the checkout graph; the procedure for other calls (`ClearOrder`).
        service: The service asked, without its incarnation.
        asked: The caller's send.
        answered: The caller's receive of the answer, if there was one.
        answer: How it was answered.
    """

    step: str
    service: str
    asked: TraceEvent
    answered: TraceEvent | None
    answer: Answer


def calls(events: Sequence[TraceEvent]) -> list[Call]:
    """All calls of services, in the order in which they were asked.

    Args:
        events: Of any number of orders, causes before effects.
    """
    found: list[Call] = []
    open_calls: dict[tuple[str, ...], int] = {}
    for event in events:
        procedure, _, answer = event.name.partition(" ")
        service = base_name(event.peer)
        key = event.order_id, event.process, service, procedure
        if event.kind == "send" and not answer and service in _SERVICES:
            # A call begins only when the one before it of its kind has ended, so the next answer is its own.
            open_calls[key] = len(found)
            found.append(Call(_STEP_NAMES.get((service, procedure), procedure), service, event, None, "none"))
        elif event.kind == "receive" and answer and key in open_calls:
            place = open_calls.pop(key)
            how: Answer = "error" if answer == "error" else "reply"
            found[place] = found[place]._replace(answered=event, answer=how)
    return found
