"""Where a figure comes from: sentence, formula, this run's inputs and where it is defined."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from tempstudio import glossary
from tempstudio.scene.inputs import inputs

WIDTH = 340


class Provenance(QFrame):
    """A popup beside the figure that was clicked; Escape or a click elsewhere closes it."""

    def __init__(self, term: str, document: dict[str, Any], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("provenance")
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(WIDTH)
        entry = glossary.find(term)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        title = entry.term if entry is not None else term
        column.addWidget(self._label(title[:1].upper() + title[1:], "heading"))
        if entry is not None:
            column.addWidget(self._label(entry.sentence, ""))
            if entry.formula:
                formula = self._label(entry.formula, "")
                formula.setObjectName("provenance.formula")
                formula.setTextFormat(Qt.TextFormat.PlainText)
                font = formula.font()
                font.setFamilies(["DejaVu Sans Mono", "monospace"])
                formula.setFont(font)
                column.addWidget(formula)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (name, value) in enumerate(inputs(term, document)):
            grid.addWidget(self._label(name, "muted"), row, 0)
            number = self._label(value, "")
            number.setWordWrap(False)
            number.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(number, row, 1)
        if grid.count():
            column.addLayout(grid)
        if entry is not None and entry.spec:
            column.addWidget(self._label(f"{entry.spec} in docs/model.md", "caption"))

    def _label(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setWordWrap(True)
        if role:
            label.setProperty("role", role)
        return label

    def show_beside(self, widget: QWidget) -> None:
        """Open left of a widget, inside its screen."""
        self.adjustSize()
        # More than the hint, where lines wrap.
        needed = self._column.totalHeightForWidth(self.width())
        self.resize(self.width(), max(self.height(), needed))
        corner = widget.mapToGlobal(QPoint(-self.width() - 8, 0))
        screen = QGuiApplication.screenAt(widget.mapToGlobal(QPoint(0, 0)))
        if screen is not None:
            free = screen.availableGeometry()
            corner.setX(min(max(corner.x(), free.left()), free.right() - self.width()))
            corner.setY(min(max(corner.y(), free.top()), free.bottom() - self.height()))
        self.move(corner)
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.close()
