"""The space-time diagram to touch: the same picture as `History.draw`, in the notebook, while the events arrive."""

from bookstore_lib.lab.live_view.live_view import LiveView

__all__ = ["LiveView"]
