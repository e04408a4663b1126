"""The orders that came last, for a page that anybody may look at: nothing in them is the customer's."""

from typing import NamedTuple

from bookstore_lib.core.order import OrderStatus
from bookstore_lib.runtime.postgres import Database

# Of the 32 digits of an id: enough to know one's own order by, far too few to ask for somebody else's.
_SHOWN_DIGITS = 8


class RecentOrder(NamedTuple):
    """An order as anybody may see it.

    Attributes:
        short_id: The beginning of its id.
        status: Its status.
        age: Seconds since it was accepted.
        took: Seconds from then until it was settled; `None` while it is open.
    """

    short_id: str
    status: OrderStatus
    age: float
    took: float | None


def recent_orders(database: Database, limit: int) -> list[RecentOrder]:
    """The orders that were accepted last, newest first.

    Args:
        database: The record.
        limit: How many at most.

    Raises:
        UnavailableError: The record does not answer.
    """
    rows = database.query(
        """
        SELECT left(order_id, %s) AS short_id, status,
            extract(epoch FROM clock_timestamp() - accepted_at)::double precision AS age,
            extract(epoch FROM settled_at - accepted_at)::double precision AS took
        FROM orders ORDER BY accepted_at DESC LIMIT %s
        """,
        (_SHOWN_DIGITS, limit),
    )
    return [RecentOrder(*row)._replace(status=OrderStatus(row.status)) for row in rows]
