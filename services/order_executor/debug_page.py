"""The debug server's page: who leads, and which orders wait and are under way; reads itself again every two seconds."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2">
<title>{node}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 1rem auto; max-width: 45rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }}
dd {{ margin: 0; }}
li {{ font-family: ui-monospace, monospace; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>{node}</h1>
<dl>
<dt>Leads</dt><dd>{leads}</dd>
<dt>Leader</dt><dd>{leader}</dd>
<dt>Epoch</dt><dd>{epoch}</dd>
</dl>
<h2>Waiting: {number}</h2>
{waiting}
{processing}
<p>As JSON: <a href="/status">status</a>, <a href="/debug/queue">queue</a>.</p>
</body>
</html>
"""
# More would be no help to anybody.
_MOST = 100


def page(status: Mapping[str, Any], contents: Mapping[str, Any]) -> str:
    """The page.

    Args:
        status: What `/status` answers.
        contents: What `/debug/queue` answers.
    """
    held = [
        f"<h2>Held by {escape(consumer)}: {len(ids)}</h2>\n{_list(ids)}"
        for consumer, ids in contents["processing"].items()
    ]
    return _PAGE.format(
        node=escape(status["node_id"]),
        leads="yes" if status["is_leader"] else "no",
        leader=escape(status["current_leader"] or "nobody"),
        epoch="none" if status["epoch"] is None else status["epoch"],
        number=len(contents["waiting"]),
        waiting=_list(contents["waiting"]),
        processing="\n".join(held),
    )


def _list(ids: Iterable[str]) -> str:
    shown = list(ids)
    more = [f"and {len(shown) - _MOST} more"] if len(shown) > _MOST else []
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in [*shown[:_MOST], *more]) + "</ul>" if shown else ""
