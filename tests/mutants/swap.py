"""Puts wrong code in the place of right code."""

from collections.abc import Callable
from typing import Any


def instead_of(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Decorates the function that takes the place of a method of a class, or of a function of a module.

    It is given what was there before, and then the arguments of the call.
    """
    right = getattr(owner, name)

    def put(wrong: Callable[..., Any]) -> None:
        setattr(owner, name, lambda *arguments, **named: wrong(right, *arguments, **named))

    return put
