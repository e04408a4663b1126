"""The kinds of parts that a report is made of; `page` shows them as HTML, `sheets` as PDF."""

from typing import NamedTuple

from bookstore_lib.lab.figures import Picture


class Heading(NamedTuple):
    """Begins a section."""

    text: str


class Paragraph(NamedTuple):
    """A few sentences; `alarm` where they tell of something wrong."""

    text: str
    alarm: bool = False


class Table(NamedTuple):
    """Rows below a header, which is empty where the first column names what stands in the second."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Exhibit(NamedTuple):
    """A picture, and the words below it."""

    picture: Picture
    caption: str


Part = Heading | Paragraph | Table | Exhibit


class Report(NamedTuple):
    """A title, and what stands below it from top to bottom."""

    title: str
    parts: tuple[Part, ...]
