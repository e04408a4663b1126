"""Puts wrong code in the place of right code."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bookstore_lib.runtime.group import only


def instead_of(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Decorates the function that takes the place of a method of a class, or of a function of a module.

    It is given what was there before, and then the arguments of the call.
    """
    right = getattr(owner, name)

    def put(wrong: Callable[..., Any]) -> None:
        setattr(owner, name, lambda *arguments, **named: wrong(right, *arguments, **named))

    return put


def instead_settled_by(store: type[Any]) -> Callable[[Callable[..., Any]], None]:
    """Decorates the function that settles orders one by one, instead of a store that settles many together.

    It is given what settles one order rightly, the store, and the order's ending; so many settle at the same time as
    there are.
    """

    def put(wrong: Callable[..., Any]) -> None:
        @instead_of(store, "settle_many")
        def settle_many(right: Callable[..., Any], store: Any, endings: Any) -> list[Any]:
            def settle(ending: Any) -> Any:
                return only(right(store, [ending]))

            with ThreadPoolExecutor(len(endings)) as pool:
                return list(pool.map(lambda ending: wrong(settle, store, ending), endings))

    return put
