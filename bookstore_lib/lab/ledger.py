"""What the record of a running bookstore can be asked and told."""

from bookstore_lib.core.errors import SetupError
from bookstore_lib.core.record import Tables
from bookstore_lib.lab.record import empty_orders, open_record
from bookstore_lib.runtime.order_store import DeadLetter


class Ledger:
    """The record of a `Bookstore`."""

    _postgres_url: str

    def tables(self) -> Tables | None:
        """What the record holds now; `None` when PostgreSQL does not answer."""
        self._require_running()
        try:
            with open_record(self._postgres_url) as record:
                return record.tables()
        except SetupError:
            return None

    def dead_letters(self) -> list[DeadLetter]:
        """The orders that failed, and wait for `redrive`.

        Raises:
            SetupError: PostgreSQL does not answer.
        """
        self._require_running()
        with open_record(self._postgres_url) as record:
            return record.dead_letters()

    def redrive(self, order_id: str) -> None:
        """Try a failed order again, as if it had just been accepted; the leader finds it within seconds.

        Raises:
            BookstoreError: There is no such order, it has not failed, or PostgreSQL does not answer.
        """
        self._require_running()
        with open_record(self._postgres_url) as record:
            record.redrive(order_id)

    def open_orders(self) -> int:
        """How many accepted orders have not ended.

        Raises:
            SetupError: PostgreSQL does not answer.
        """
        self._require_running()
        with open_record(self._postgres_url) as record:
            return len(record.open_orders(0))

    def forget_orders(self) -> None:
        """Empty the record of all orders and fill the shelves again, in a bookstore at rest.

        Raises:
            SetupError: PostgreSQL does not answer.
        """
        self._require_running()
        empty_orders(self._postgres_url)

    def _require_running(self) -> None:
        """Raise `BookstoreError` when the bookstore was stopped."""
        raise NotImplementedError
