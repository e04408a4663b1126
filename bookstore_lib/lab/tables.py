"""Results as tables for a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bookstore_lib.core.record import OrderRow
from bookstore_lib.lab.demo import DemoResult
from bookstore_lib.runtime.order_store import DeadLetter

_COLOURS = {"Order Approved": "green", "Order Rejected": "yellow"}


def print_demo(result: DemoResult) -> None:
    """Print the orders of a demo, the verdict, and where the figures are."""
    console = Console()
    table = Table(title="Orders", caption=_summary(result))
    for column in ("#", "What", "Books", "Outcome", "Reasons"):
        table.add_column(column)
    for number, (wish, receipt) in enumerate(result.orders, 1):
        books = ", ".join(f"{count} x {title}" for title, count in wish.items.items())
        colour = _COLOURS.get(receipt.status, "red")
        reasons = " ".join(reason.message for reason in receipt.reasons)
        table.add_row(str(number), wish.what, books, f"[{colour}]{receipt.status}[/]", reasons)
    console.print(table)
    console.print(str(result.verdict), highlight=False, markup=False)
    console.print("Figures: " + ", ".join(str(path) for path in result.figures), highlight=False, soft_wrap=True)


def print_orders(orders: Sequence[OrderRow]) -> None:
    """Print accepted orders, oldest first."""
    table = Table(title="Orders")
    table.add_column("Order", no_wrap=True)  # to be copied
    for column in ("Status", "Amount", "Epoch", "Redriven"):
        table.add_column(column)
    for row in orders:
        epoch = "" if row.epoch is None else str(row.epoch)
        table.add_row(row.order_id, row.status, _euros(row.amount_cents), epoch, str(row.drive))
    Console().print(table)


def print_dead_letters(letters: Sequence[DeadLetter]) -> None:
    """Print the orders that failed, and how to try them again."""
    table = Table(title="Dead letters", caption="bookstore orders --redrive <order> tries one again.")
    table.add_column("Order", no_wrap=True)
    for column in ("Amount", "Attempts", "Redriven", "Reasons"):
        table.add_column(column)
    for letter in letters:
        reasons = " ".join(reason.message for reason in letter.reasons)
        table.add_row(
            letter.order_id, _euros(letter.amount_cents), str(letter.attempts + 1), str(letter.drive), reasons
        )
    Console().print(table)


def _euros(cents: int) -> str:
    return f"{cents / 100:.2f}"


def _summary(result: DemoResult) -> str:
    seen = result.to_json()
    return (
        f"{seen['approved']} approved, {seen['rejected']} rejected, {seen['unfinished']} unfinished; "
        f"{seen['failovers']} failover; {seen['violations']} violations"
    )
