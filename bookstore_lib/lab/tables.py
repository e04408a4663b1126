"""Results as tables for a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from bookstore_lib.lab.demo import DemoResult

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


def print_figures(figures: Mapping[str, Any]) -> None:
    """Print measured figures, a line each."""
    table = Table(title="Measured here")
    table.add_column("Figure")
    table.add_column("Value", justify="right")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), str(value))
    Console().print(table)


def _summary(result: DemoResult) -> str:
    seen = result.to_json()
    return (
        f"{seen['approved']} approved, {seen['rejected']} rejected, {seen['unfinished']} unfinished; "
        f"{seen['failovers']} failover; {seen['violations']} violations"
    )
