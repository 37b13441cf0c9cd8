"""A plugin's figure drawn as the studio's own: charts, tables and paragraphs one below another."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.errors import InputError
from tempstudio.gui.views.chart_view import ChartView
from tempstudio.gui.zoomed import factor
from tempstudio.scene.charts.figure import Part, TablePart, TextPart, parts_of
from tempstudio.scene.format import digits
from tempstudio.scene.tokens import Tokens

CHART_PX, LEAST_CHART_PX = 210, 150
ROW_PX = 24
MOST_ROWS_SHOWN = 12


class FigureView(QScrollArea):
    """Shows the figure of one panel, or why there is none; `asked` is the button's press,
    `failed` why a chart could not be saved.
    """

    asked = Signal()
    failed = Signal(str)

    def __init__(self, name: str, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"panel.{name}")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._name, self._tokens = name, tokens
        self._views: list[QWidget] = []
        self._shape: tuple[type, ...] = ()
        self._page = QWidget(self)
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(0, 8, 0, 8)
        self._column.setSpacing(8)
        self.title = QLabel(self._page)
        self.title.setProperty("role", "heading")
        self.title.setContentsMargins(12, 0, 12, 0)
        self.title.setWordWrap(True)
        self.sentence = QLabel(self._page)
        self.sentence.setWordWrap(True)
        self.sentence.setProperty("role", "muted")
        self.sentence.setContentsMargins(12, 0, 12, 0)
        self.button = QPushButton(self._page)
        self.button.setObjectName(f"panel.{name}.button")
        self.button.clicked.connect(self.asked)
        for view in (self.title, self.sentence):
            self._column.addWidget(view)
        self._column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addStretch(1)
        self.setWidget(self._page)
        self.show_message("The figure appears with the first run.", "Run")

    @property
    def charts(self) -> list[ChartView]:
        """The charts shown."""
        return [view for view in self._views if isinstance(view, ChartView)]

    @property
    def tables(self) -> list[QTableWidget]:
        """The tables shown."""
        return [view for view in self._views if isinstance(view, QTableWidget)]

    def show_message(self, text: str, button: str = "") -> None:
        """Say why there is no figure."""
        self._put(())
        self.title.hide()
        self.sentence.setText(text)
        self.sentence.show()
        self.button.setText(button)
        self.button.setVisible(bool(button))

    def show_figure(self, figure: dict[str, Any]) -> None:
        """Draw a figure as the worker sent it."""
        try:
            parts = parts_of(figure)
        except InputError as error:
            self.show_message(f"The figure cannot be drawn: {error}")
            return
        self.title.setText(str(figure["title"]))
        self.title.show()
        self.sentence.hide()
        self.button.hide()
        self._put(parts)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        for chart in self.charts:
            chart.set_theme(tokens)

    @property
    def _chart_px(self) -> int:
        """As tall as designed, or as leaves a chart whole in a low dock."""
        room = self.viewport().height() - self.title.sizeHint().height() - 24
        most, least = (round(px * factor()) for px in (CHART_PX, LEAST_CHART_PX))
        return min(max(room, least), most)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Charts fit a low dock."""
        super().resizeEvent(event)
        for chart in self.charts:
            chart.setFixedHeight(self._chart_px)

    def _put(self, parts: tuple[Part, ...]) -> None:
        """Fill the views that are there; new ones only where the parts are of other kinds."""
        shape = tuple(type(part) for part in parts)
        if shape != self._shape:
            for view in self._views:
                self._column.removeWidget(view)
                view.hide()
                view.deleteLater()
            self._views = [self._made(number, part) for number, part in enumerate(parts)]
            for place, view in enumerate(self._views):
                self._column.insertWidget(place + 2, view)
            self._shape = shape
        for view, part in zip(self._views, parts, strict=True):
            if isinstance(view, QLabel) and isinstance(part, TextPart):
                view.setText(part.text)
            elif isinstance(view, QTableWidget) and isinstance(part, TablePart):
                _fill(view, part)
            elif isinstance(view, ChartView) and not isinstance(part, (TextPart, TablePart)):
                view.show_chart(part)

    def _made(self, number: int, part: Part) -> QWidget:
        name = f"panel.{self._name}.{number}"
        if isinstance(part, TextPart):
            label = QLabel(self._page)
            label.setObjectName(name)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setContentsMargins(12, 0, 12, 0)
            return label
        if isinstance(part, TablePart):
            return _table(name, self._page)
        chart = ChartView(name, self.title.text(), self._tokens, self._page)
        chart.setFixedHeight(self._chart_px)
        chart.failed.connect(self.failed)
        return chart


def _table(name: str, parent: QWidget) -> QTableWidget:
    table = QTableWidget(parent)
    table.setObjectName(name)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW_PX)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setHighlightSections(False)
    return table


def _fill(table: QTableWidget, part: TablePart) -> None:
    table.setColumnCount(len(part.columns))
    table.setHorizontalHeaderLabels(part.columns)
    table.setRowCount(len(part.rows))
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for place, row in enumerate(part.rows):
        for column, value in enumerate(row):
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            item = QTableWidgetItem(_shown(value) if number else str(value))
            if number:
                item.setTextAlignment(right)
            table.setItem(place, column, item)
    shown = min(len(part.rows), MOST_ROWS_SHOWN)
    table.setFixedHeight(table.horizontalHeader().sizeHint().height() + shown * ROW_PX + 4)


def _shown(value: Any) -> str:
    """A number of any size: with its digits up to a million, in powers of ten from there on."""
    size = abs(float(value))
    if isinstance(value, int) and size < 1e6:
        return f"{value:,}".replace("-", "−")
    if size and not 1e-3 <= size < 1e6:
        return f"{value:.3g}".replace("-", "−")
    return digits(float(value))
