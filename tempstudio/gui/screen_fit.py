"""A window that is larger than the screen once its frame is round it gives way."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QMainWindow


def fit_screen(window: QMainWindow) -> None:
    """Make a window that has a frame small enough for its screen; the status bar would be cut."""
    if window.isMaximized() or window.isFullScreen():
        return
    fitting = fitted(window.frameGeometry(), window.geometry(), window.screen().availableGeometry())
    if fitting is not None:
        window.setGeometry(fitting)


def fitted(frame: QRect, inner: QRect, free: QRect) -> QRect | None:
    """Where a window goes inside its frame; None where it is well as it is.

    A window without a frame, as one on a bare display, is left alone.
    """
    over = max(frame.width() - free.width(), 0), max(frame.height() - free.height(), 0)
    if frame == inner or not any(over):
        return None
    wide, tall = inner.width() - over[0], inner.height() - over[1]
    left = min(max(frame.left(), free.left()), free.right() + 1 - frame.width() + over[0])
    top = min(max(frame.top(), free.top()), free.bottom() + 1 - frame.height() + over[1])
    corner = inner.topLeft() - frame.topLeft()
    return QRect(left + corner.x(), top + corner.y(), wide, tall)
