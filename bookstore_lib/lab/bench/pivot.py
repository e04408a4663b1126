"""Rows as tables: one for each topic, a line for each who and way, a column for each figure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bookstore_lib.lab.bench.rows import Row


class Sheet(NamedTuple):
    """What was measured about one topic.

    Attributes:
        topic: Such as `drain`.
        columns: The figures, as they first came.
        lines: Who, in which way, and a text for each column, empty where it was not measured.
    """

    topic: str
    columns: list[str]
    lines: list[tuple[str, str, list[str]]]


def sheets(rows: Iterable[Row]) -> list[Sheet]:
    """The rows by topic; all in the order in which they come."""
    topics: dict[str, list[Row]] = {}
    for row in rows:
        topics.setdefault(row.topic, []).append(row)
    return [_sheet(topic, own) for topic, own in topics.items()]


def whole(rows: Sequence[Row]) -> list[Row]:
    """The rows without those that say how a figure divides among processes."""
    figures = {(row.topic, row.figure) for row in rows}
    return [row for row in rows if not any((row.topic, name) in figures for name in _wholes(row.figure))]


def number(value: float) -> str:
    """A figure with as many digits as say something."""
    if float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _wholes(figure: str) -> Iterator[str]:
    for separator in (", ", " of "):
        name, found, _ = figure.partition(separator)
        if found:
            yield name


def _sheet(topic: str, rows: list[Row]) -> Sheet:
    columns = list(dict.fromkeys(row.figure for row in rows))
    values = {(row.who, row.way, row.figure): number(row.value) for row in rows}
    keys = dict.fromkeys((row.who, row.way) for row in rows)
    return Sheet(topic, columns, [(*key, [values.get((*key, column), "") for column in columns]) for key in keys])
