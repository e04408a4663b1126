"""Keys pressed in a panel stay in the panel."""

from typing import ClassVar

import anywidget


class Keys(anywidget.AnyWidget):
    """Keeps what is typed in the box around it from the notebook; unseen, and with no state.

    A notebook takes single keys as commands wherever its focus is, but in a field of text: to choose *Dracula* by
    typing its name in a list would add two cells, and Enter on a button would edit a cell. Commands with Ctrl or the
    command key still reach it.
    """

    BOX: ClassVar[str] = "bookstore-panel"
    _esm = f"""
    const keep = (event) => event.ctrlKey || event.metaKey || event.stopPropagation();
    export default {{
      render({{ el }}) {{
        let frame = 0;
        const listen = () => {{
          const box = el.closest(".{BOX}"); // none before the widget is put into the page
          if (box) box.addEventListener("keydown", keep);
          else frame = requestAnimationFrame(listen);
        }};
        listen();
        return () => cancelAnimationFrame(frame);
      }},
    }};
    """
