"""How Tab goes through the window: as the eye reads it, and never out of sight."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QScrollArea, QTabWidget, QWidget


def order_focus(parts: Iterable[QWidget]) -> None:
    """Let Tab visit these parts one after the other, each from its first child to its last."""
    stops = [stop for part in parts for stop in _stops(part)]
    for before, after in pairwise(stops):
        QWidget.setTabOrder(before, after)


def give_bar_focus(tabs: QTabWidget) -> None:
    """Let Tab stop at the bar of tabs, where arrow keys change them, and not at the tabs besides.

    As their proxy the bar would be a stop wherever the tabs are, and take over their policy.
    """
    tabs.setFocusProxy(None)  # type: ignore[arg-type]  # the stubs do not know
    tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)


class FocusInSight(QObject):
    """Scrolls to what takes the focus, from wherever it comes; a scroll area minds its own only."""

    def __init__(self, window: QWidget, app: QApplication) -> None:
        super().__init__(window)
        self._window = window
        app.focusChanged.connect(self._follow)

    def _follow(self, _: QWidget | None, now: QWidget | None) -> None:
        if now is None or now.window() is not self._window or not now.visibleRegion().isEmpty():
            return
        area = now.parentWidget()
        while area is not None:
            if isinstance(area, QScrollArea):
                area.ensureWidgetVisible(now)
            area = area.parentWidget()


def _stops(part: QWidget) -> list[QWidget]:
    return [
        widget
        for widget in (part, *part.findChildren(QWidget))
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
        and widget.window() is part.window()  # not the list of a box, a window of its own
    ]
