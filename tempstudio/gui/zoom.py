"""Interface zoom: fonts, margins, sizes and painted views all grow by one factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from tempstudio.gui.zoomed import Zoomed, factor, in_own_pixels, set_factor

if TYPE_CHECKING:
    from tempstudio.gui.look import Look

STEPS = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)


class Zoom(QObject):
    """The zoom of the whole application; `changed` carries the factor."""

    changed = Signal(float)

    def __init__(self, app: QApplication, look: Look) -> None:
        super().__init__(look)
        self._app, self._look = app, look
        self._listens = False
        self._follow()

    @property
    def factor(self) -> float:
        """1 as designed."""
        return factor()

    def closer(self) -> None:
        """One step larger."""
        self.set(next((step for step in STEPS if step > factor() + 1e-6), STEPS[-1]))

    def further(self) -> None:
        """One step smaller."""
        self.set(next((step for step in STEPS[::-1] if step < factor() - 1e-6), STEPS[0]))

    def set(self, value: float) -> None:
        """Draw everything by this factor larger than designed."""
        before, value = factor(), min(max(value, STEPS[0]), STEPS[-1])
        if value == before:
            return
        from tempstudio.gui.zoom_fit import fit

        set_factor(value)
        self._look.refresh()
        for window in self._app.topLevelWidgets():
            for widget in (window, *window.findChildren(QWidget)):
                fit(widget, value / before)
        self._follow()
        self.changed.emit(value)

    def _follow(self) -> None:
        """Widgets made later are fitted, and painted ones get the mouse in their pixels."""
        if (factor() != 1) != self._listens:
            self._listens = not self._listens
            change = self._app.installEventFilter if self._listens else self._app.removeEventFilter
            change(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit what is new; hand the mouse over."""
        if event.type() == QEvent.Type.Polish and isinstance(watched, QWidget):
            from tempstudio.gui.zoom_fit import fit  # the first paint waits for what it loads

            fit(watched)
        elif isinstance(watched, Zoomed) and isinstance(watched, QWidget):
            own = in_own_pixels(event)
            if own is not None:
                watched.event(own)
                event.setAccepted(own.isAccepted())
                return True
        return False
