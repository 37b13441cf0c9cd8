"""All strategies of a comparison: a table and a chart of where each one's step goes."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from tempstudio.gui.contenders import Row
from tempstudio.gui.icons import icon
from tempstudio.gui.views.chart_view import ChartView
from tempstudio.gui.views.tables import Column, FloatArray, Index, Table, table_view
from tempstudio.scene.charts import Bar, StackedBars, axis_of
from tempstudio.scene.format import NONE, byte_count, change, joules, percent, seconds
from tempstudio.scene.plan_words import degrees_words
from tempstudio.scene.tokens import Tokens

PARTS = (("compute", "I"), ("exposed", "W"), ("bubble", "P"), ("optimizer", "E"))
EMPTY = "Plan every partitioner with every mapper under this project's solver, side by side."
WIDE_PX = 520  # from here on the table has all columns


class StrategyRows(Table):
    """The rows with a sign before those that do not fit, and why on hover."""

    def __init__(self, columns: tuple[Column, ...], rows: list[Row], tokens: Tokens,
                 parent: QWidget) -> None:  # fmt: skip
        super().__init__(columns, parent)
        self._rows, self.tokens = rows, tokens

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            row = self._rows[self.source(index.row())]
            return icon("warning", self.tokens, self.tokens.warning) if not row.fits else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return why(self._rows[self.source(index.row())])
        return super().data(index, role)


class StrategyTable(QWidget):
    """`compare_asked`, `cancel_asked`, `keep_asked(Row)`; `chosen(Row)` was clicked."""

    compare_asked = Signal()
    cancel_asked = Signal()
    keep_asked = Signal(object)
    chosen = Signal(object)

    def __init__(self, tokens: Tokens, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("strategies")
        self._rows: list[Row] = []
        self._running = False
        self._words = ""
        self.summary = QLabel(self)
        self.summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.summary.setObjectName("strategies.summary")
        self.keep = QPushButton("Keep", self)
        self.keep.setObjectName("strategies.keep")
        self.keep.setToolTip("Keep the selected row as a run of the project")
        self.keep.clicked.connect(lambda: self.keep_asked.emit(self.selected))
        self.start = QPushButton("Compare all strategies", self)
        self.start.setObjectName("strategies.compare")
        self.start.clicked.connect(self._press)
        self.table = StrategyRows(self._columns(), self._rows, tokens, self)
        self.view = table_view(self.table, "strategies.table", "Strategies", self)
        self.view.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        self.view.clicked.connect(lambda index: self._choose(self._rows[self._at(index)]))
        self.view.activated.connect(lambda index: self._choose(self._rows[self._at(index)]))
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._enable())
        self.chart = ChartView("strategies.chart", "Where each step goes", tokens, self)
        self.chart.setProperty("term", "step time")
        self.chart.chosen.connect(lambda item: self._choose(self._charted[item]))
        self._charted: list[Row] = []
        self._lay_out()
        self.refresh()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 12, 6)
        head.setSpacing(8)
        title = QLabel("Strategies", self)
        title.setProperty("role", "heading")
        head.addWidget(title)
        self.summary.setProperty("role", "muted")
        head.addWidget(self.summary, 1)
        head.addWidget(self.keep)
        head.addWidget(self.start)
        self._split = QSplitter(Qt.Orientation.Horizontal, self)
        self._split.addWidget(self.view)
        scroll = QScrollArea(self)
        scroll.setWidget(self.chart)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._split.addWidget(scroll)
        self._split.setSizes([560, 440])
        self._split.setStretchFactor(0, 5)
        self._split.setStretchFactor(1, 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._split, 1)

    def _columns(self) -> tuple[Column, ...]:
        def figure(*path: str) -> FloatArray:
            return np.array([_at(row, path) for row in self._rows])

        def shown(text: Any, *path: str) -> Any:
            return lambda place: _text(text, _at(self._rows[place], path))

        def number(title: str, text: Any, sample: str, *path: str) -> Column:
            return Column(title, shown(text, *path), lambda: figure(*path), sample=sample)

        return (
            Column("Strategy", lambda place: self._rows[place].name,
                   lambda: np.arange(len(self._rows), dtype=float), live=False),
            number("Step", seconds, "9.99 min    ", "step_time_s"),
            Column("To best", self._to_best, lambda: figure("step_time_s"), sample="+9999 %   "),
            number("MFU", percent, "99.9 % ", "mfu"),
            number("Memory", byte_count, "99.9 GB ", "memory_bytes", "peak"),
            number("Energy", joules, "99.9 kJ ", "energy_j", "total"),
            Column("Degrees", self._degrees, lambda: figure("step_time_s"),
                   sample="dp 12 · tp 4 · stream 16 · ZeRO-3"),
        )  # fmt: skip

    def _degrees(self, place: int) -> str:
        row = self._rows[place]
        return "no plan" if row.error else degrees_words(row.document["parallel"])

    def _to_best(self, place: int) -> str:
        best, row = self.best, self._rows[place]
        if best is None or row.error:
            return ""
        if row is best:
            return "best"
        return change(best.document["step_time_s"], row.document["step_time_s"])

    @property
    def best(self) -> Row | None:
        """The fastest row that fits."""
        fitting = [row for row in self._rows if row.fits]
        return min(fitting, key=lambda row: float(row.document["step_time_s"]), default=None)

    @property
    def selected(self) -> Row | None:
        """The row that is selected."""
        indexes = self.view.selectionModel().selectedRows()
        return self._rows[self._at(indexes[0])] if indexes else None

    def _at(self, index: Any) -> int:
        return self.table.source(index.row())

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self.table.tokens = tokens
        self.chart.set_theme(tokens)
        self.view.viewport().update()

    def set_rows(self, rows: list[Row], running: bool, words: str) -> None:
        """Show these rows; more are on their way while `running`."""
        self._rows[:] = rows
        self._running = running
        self._words = words
        self.refresh()

    def refresh(self) -> None:
        """Rows have come."""
        self.table.set_rows(len(self._rows))
        self.start.setText("Cancel" if self._running else "Compare all strategies")
        self.view.setVisible(bool(self._rows))
        self._enable()
        self._charted = sorted(
            (row for row in self._rows if not row.error),
            key=lambda row: (not row.fits, float(row.document["step_time_s"])),
        )
        if self._charted:
            chart = self._bars()
            self.chart.setMinimumHeight(round(chart.needed_px()))
            self.chart.show_chart(chart)
        elif self._running:
            self.chart.show_empty("The first strategy is being planned.")
        else:
            self.chart.show_empty("" if self._rows else EMPTY)

    def _bars(self) -> StackedBars:
        times = [row.document["time_s"] for row in self._charted]
        keys = tuple(pair for pair in PARTS if any(time.get(pair[0]) for time in times))
        bars = tuple(
            Bar(
                row.name,
                tuple(float(time.get(part, 0.0)) for part, _ in keys),
                seconds(row.document["step_time_s"]) + ("" if row.fits else ", does not fit"),
                f"{row.name}\n{why(row)}",
            )
            for row, time in zip(self._charted, times, strict=True)
        )
        longest = max(float(row.document["step_time_s"]) for row in self._charted)
        return StackedBars(axis_of([longest], "step", "s", zero=True), bars, keys)

    def _enable(self) -> None:
        row = self.selected
        self.keep.setEnabled(row is not None and not row.error)
        amiss = row is not None and not row.fits
        words = why(row).replace("\n", ": ") if amiss and row is not None else self._words
        self.summary.setProperty("role", "warning" if amiss else "muted")
        self.summary.style().unpolish(self.summary)
        self.summary.style().polish(self.summary)
        self.summary.setToolTip(words if amiss else "")
        room = max(self.summary.width() - 4, 60)
        elide = Qt.TextElideMode.ElideRight
        self.summary.setText(self.summary.fontMetrics().elidedText(words, elide, room))

    def _choose(self, row: Row) -> None:
        self.chosen.emit(row)

    def _press(self) -> None:
        (self.cancel_asked if self._running else self.compare_asked).emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow table keeps to what matters most."""
        super().resizeEvent(event)
        wide = self.width() * 0.55 >= WIDE_PX
        for column in (3, 5, 6):
            self.view.setColumnHidden(column, not wide)
        self._enable()


def why(row: Row) -> str:
    """What there is to say of a row: its degrees, or why it does not go."""
    if row.error:
        return f"No plan: {row.error}"
    memory = row.document["memory_bytes"]
    words = degrees_words(row.document["parallel"])
    if row.fits:
        return f"{words}\npeak {byte_count(memory['peak'])} of {byte_count(memory['capacity'])}"
    die = ",".join(str(number) for number in memory["peak_die"])
    return (
        f"{words}\nDoes not fit: die {die} needs {byte_count(memory['peak'])} of "
        f"{byte_count(memory['capacity'])}"
    )


def _at(row: Row, path: tuple[str, ...]) -> float:
    """A figure of a row; not a number where there is none, infinite times last."""
    value: Any = row.document
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return float("inf")
    return float(value)


def _text(text: Any, value: float) -> str:
    return str(text(value)) if np.isfinite(value) else NONE
