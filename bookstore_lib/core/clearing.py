"""Telling the services to forget an order, in rounds: each may know events that the coordinator's clock lacks."""

from collections.abc import Iterable, Mapping

# Each round tells every service what the others knew, so the second one suffices unless calls are still under way.
_ROUNDS = 5


class Clearing:
    """Who is still to be told. No I/O: a driver calls the services of `remaining` and hands in what they said.

    Args:
        services: Their names.

    Attributes:
        remaining: Whom to tell in the next round; empty when it is over.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self.remaining = list(services)
        self._refused: list[str] = []
        self._silent: list[str] = []
        self._rounds = 0

    @property
    def not_cleared(self) -> list[str]:
        """Who refused in the last round, and who gave no answer in any."""
        return [*self._refused, *self._silent]

    def on_round(self, cleared: Mapping[str, bool | None]) -> None:
        """Take what the services of a round said.

        Args:
            cleared: By service, whether it forgot the order, or refused because it knows more; `None`: no answer.
        """
        self._rounds += 1
        self._silent += [name for name in self.remaining if cleared[name] is None]
        self._refused = [name for name in self.remaining if cleared[name] is False]
        self.remaining = self._refused if self._rounds < _ROUNDS else []
