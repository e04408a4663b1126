"""The names of messages along their arrows, where they cover nothing."""

from collections.abc import Iterator, Mapping
from math import cos, radians, sin

from bookstore_lib.lab.figures.clock_sheet import LINE, MARK, NAME_SIZE, Line, Sheet, Text
from bookstore_lib.lab.figures.labels import Board, Slab
from bookstore_lib.lab.figures.style import CHARACTER


def message_texts(sheet: Sheet, names: Mapping[str, str]) -> Iterator[Text]:
    """Names along their arrows, where they cover no label and no mark and as few arrows as possible.

    Args:
        sheet: A sheet with the labels of the events.
        names: By the id of the send. A name that has no room is left out.
    """
    spacetime = sheet.spacetime
    shown = {event.id for event in spacetime.events}
    marks = [Slab(*sheet.mark(event), MARK + 3, MARK + 3) for event in spacetime.events]
    lanes = [Slab(sheet.width / 2, y, sheet.width, 2.0) for y in sheet.across]
    stubs = [sheet.stub(event) for event in (*spacetime.lost, *spacetime.orphans)]
    lines = {
        arrow.send.id: sheet.line(arrow.send, arrow.receive)
        for arrow in spacetime.arrows
        if not arrow.again and shown.issuperset((arrow.send.id, arrow.receive.id))
    }
    ends = [Slab(*point, MARK + 2, MARK + 2) for stub in stubs for point in stub]
    labels = [_slab(text) for text in sheet.texts]
    board = Board([*marks, *lanes, *ends, *labels], [line.slab() for line in (*lines.values(), *stubs)])
    for send_id, name in names.items():
        if send_id in lines and (room := board.put(_along(lines[send_id], len(name) * CHARACTER * NAME_SIZE))):
            yield Text(
                name, (room.x, room.y), NAME_SIZE, angle=room.angle, style="italic", boxed=True, event_id=send_id
            )


def _slab(text: Text) -> Slab:
    """The room of a level text."""
    width, height = len(text.text) * CHARACTER * text.size, text.size * LINE
    right = {"left": 0.5, "center": 0.0, "right": -0.5}[text.align[0]]
    up = {"bottom": 0.5, "center": 0.0, "top": -0.5}[text.align[1]]
    return Slab(text.at[0] + right * width, text.at[1] + up * height, width, height)


def _along(line: Line, width: float) -> Iterator[Slab]:
    """Places along a line on both its sides, those near the middle first."""
    whole = line.slab()
    angle, height = radians(whole.angle), NAME_SIZE * LINE
    steps = int(max(whole.width - width / 2, 0.0) / 8)  # half of the text or more is beside the line
    for step in sorted(range(-steps, steps + 1), key=abs):
        for side in (1, -1):
            along, off = 4 * step, side * (height / 2 + 1.5)
            x, y = whole.x + along * cos(angle) - off * sin(angle), whole.y + along * sin(angle) + off * cos(angle)
            yield Slab(x, y, width, height, whole.angle)
