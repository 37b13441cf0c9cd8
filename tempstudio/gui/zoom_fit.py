"""A widget's own sizes, icons, margins and columns, brought to the zoom in use."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QSize
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTableView,
    QToolBar,
    QTreeView,
    QWidget,
)

from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import factor

STYLED = (QPushButton, QLineEdit, QAbstractSpinBox, QComboBox, QProgressBar)
UNBOUNDED = 16_777_215  # QWIDGETSIZE_MAX


def fit(widget: QWidget, change: float = 0.0) -> None:
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
    elif isinstance(widget, QTreeView) and widget.property("role") == "caption":
        widget.setFont(font("caption", factor()))
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
            hidden = header.isSectionHidden(column)
            header.setSectionHidden(column, False)  # hidden, its width is told to be nothing
            header.resizeSection(column, round(header.sectionSize(column) * change))
            header.setSectionHidden(column, hidden)


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
