"""F6: the keyboard goes from one part of the window to the next, messages first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow


def go_to_part(window: MainWindow, way: int) -> None:
    """Give the focus to the next (1) or the previous (-1) part that is on screen."""
    parts = [part for part in _parts(window) if part.isVisible() and _stop(part) is not None]
    focus = QApplication.focusWidget()
    inside = [
        n
        for n, part in enumerate(parts)
        if focus is not None and (focus is part or part.isAncestorOf(focus))
    ]
    target = (inside[0] + way) % len(parts) if inside else 0
    stop = _stop(parts[target])
    if stop is not None:
        stop.setFocus(Qt.FocusReason.TabFocusReason)


def _parts(window: MainWindow) -> tuple[QWidget, ...]:
    page = window.tabs.currentWidget()
    return (
        window.messages,
        window.toolbar,
        window.docks["left"],
        page if page is not None else window.wafer,
        window.docks["timeline"],
        window.docks["gauges"],
        window.docks["inspector"],
        window.status,
    )


def _stop(part: QWidget) -> QWidget | None:
    """The first of a part that takes the focus."""
    for widget in (part, *part.findChildren(QWidget)):
        takes = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
        if takes and widget.isVisible() and widget.isEnabled():
            return widget
    return None
