"""Interface zoom: fonts, margins, sizes and painted views all grow by one factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QSize, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableView,
    QToolBar,
    QWidget,
)

from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import Zoomed, factor, in_own_pixels, set_factor

if TYPE_CHECKING:
    from tempstudio.gui.look import Look

STEPS = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
STYLED = (QPushButton, QLineEdit, QAbstractSpinBox, QComboBox, QProgressBar)
UNBOUNDED = 16_777_215  # QWIDGETSIZE_MAX


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
        set_factor(value)
        self._look.refresh()
        for window in self._app.topLevelWidgets():
            for widget in (window, *window.findChildren(QWidget)):
                _fit(widget, value / before)
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
            _fit(watched)
        elif isinstance(watched, Zoomed) and isinstance(watched, QWidget):
            own = in_own_pixels(event)
            if own is not None:
                watched.event(own)
                event.setAccepted(own.isAccepted())
                return True
        return False


def _fit(widget: QWidget, change: float = 0.0) -> None:
    """Bring a widget's own sizes to the present factor; `change` is that of this change."""
    least, most = widget.minimumSize(), widget.maximumSize()
    if not widget.isWindow() and not isinstance(widget, QDockWidget):  # a dock sets its own
        sizes = (least.width(), least.height(), most.width(), most.height())
        wide, tall, widest, tallest = _scaled(widget, "sizes", sizes)
        if isinstance(widget, STYLED) and least.height() != most.height():
            tall = least.height()  # the style sheet has set it, at the present factor
        widget.setMinimumSize(wide, tall)
        widget.setMaximumSize(widest, tallest)
    if isinstance(widget, QToolBar | QAbstractButton):
        icon = widget.iconSize()
        widget.setIconSize(QSize(*_scaled(widget, "icon", (icon.width(), icon.height()))))
    layout = widget.layout()
    if layout is not None:
        _fit_layout(layout)
    if isinstance(widget, QTableView):
        _fit_table(widget, change)
    widget.updateGeometry()


def _fit_layout(layout: QLayout) -> None:
    margins = layout.contentsMargins()
    sides = (margins.left(), margins.top(), margins.right(), margins.bottom())
    layout.setContentsMargins(*_scaled(layout, "margins", sides))
    if layout.spacing() > 0:
        layout.setSpacing(_scaled(layout, "spacing", (layout.spacing(),))[0])
    for inner in layout.children():
        if isinstance(inner, QLayout):
            _fit_layout(inner)


def _fit_table(table: QTableView, change: float) -> None:
    table.setFont(font("caption", factor()))
    rows, header = table.verticalHeader(), table.horizontalHeader()
    rows.setDefaultSectionSize(_scaled(rows, "row", (rows.defaultSectionSize(),))[0])
    for column in range(header.count()):
        if change and header.sectionResizeMode(column) == QHeaderView.ResizeMode.Fixed:
            header.resizeSection(column, round(header.sectionSize(column) * change))


def _scaled(thing: QObject, name: str, values: tuple[int, ...]) -> tuple[int, ...]:
    """Sizes as designed times the factor; what the code has set since counts as designed."""
    known: Any = thing.property(f"zoom.{name}")
    before, applied = known if known is not None else (values, values)
    pairs = zip(before, applied, values, strict=True)
    designed = tuple(old if was == now else now for old, was, now in pairs)
    f = factor()
    wanted = tuple(v if v in (0, UNBOUNDED) or v < 0 else max(1, round(v * f)) for v in designed)
    if wanted != values or known is not None:
        thing.setProperty(f"zoom.{name}", (designed, wanted))
    return wanted
