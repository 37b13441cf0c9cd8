"""A sweep's results: a filter, a scatter of any two columns, the front, and the table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.errors import InputError
from tempstudio.gui.search_log import pareto
from tempstudio.gui.views.chart_view import ChartView
from tempstudio.gui.views.combo_box import ComboBox
from tempstudio.gui.views.tables import Column, FloatArray, Table, table_view
from tempstudio.scene.charts import Axis, Scatter, axis_of
from tempstudio.scene.format import byte_count, joules, percent, plural, seconds, si, watts
from tempstudio.scene.tokens import Tokens
from tempstudio.sweep.result_table import ResultTable
from tempstudio.sweep.row_filter import EXAMPLE, matching

UNITS = {"_s": "s", "_bytes": "B", "_j": "J", "_w": "W", "tokens_per_s": "tokens/s", "mfu": "%"}
TEXTS: dict[str, Callable[[float], str]] = {
    "s": seconds,
    "B": byte_count,
    "J": joules,
    "W": watts,
    "%": percent,
    "tokens/s": lambda value: si(value, ""),
}
TITLES = {"tokens_per_s": "throughput", "mfu": "MFU", "memory_peak_bytes": "peak memory"}
MORE_IS_BETTER = ("tokens_per_s", "mfu")
FIRST = ("memory_peak_bytes", "tokens_per_s")
FRONTS = (
    ("No front", ""),
    ("Front: least x, least y", "--"),
    ("Front: least x, most y", "-+"),
    ("Front: most x, least y", "+-"),
    ("Front: most x, most y", "++"),
)
ONE_COLOUR = "One colour"
TYPING_MS = 200


class SweepPanel(QWidget):
    """`point_asked` carries the row that was clicked, `close_asked` that the tab goes."""

    point_asked = Signal(int)
    open_asked = Signal()
    close_asked = Signal()

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sweep")
        self._table: ResultTable | None = None
        self._shown: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._plotted: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._opened: int | None = None
        self.title = QLabel(self)
        self.title.setObjectName("sweep.title")
        self.title.setProperty("role", "heading")
        self.filter = QLineEdit(self)
        self.filter.setObjectName("sweep.filter")
        self.filter.setAccessibleName("Filter")
        self.filter.setPlaceholderText(f"Filter, such as {EXAMPLE}")
        self.filter.setClearButtonEnabled(True)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.refresh)
        self.filter.textChanged.connect(lambda _: self._typing.start())
        self.filter.returnPressed.connect(self.refresh)
        self.count = QLabel(self)
        self.count.setObjectName("sweep.count")
        self.x_box, self.y_box = self._box("x"), self._box("y")
        self.colour = self._box("colour")
        self.front = self._box("front")
        for title, signs in FRONTS:
            self.front.addItem(title, signs)
        self.close_button = QPushButton("Close", self)
        self.close_button.setObjectName("sweep.close")
        self.close_button.clicked.connect(self.close_asked)
        self.scatter = ChartView("sweep.scatter", "Points", tokens, self)
        self.scatter.setProperty("term", "Pareto front")
        self.scatter.chosen.connect(lambda item: self.point_asked.emit(int(self._plotted[item])))
        self.scatter.empty_clicked.connect(self.open_asked)
        self._split = QSplitter(Qt.Orientation.Vertical, self)
        self.rows: Table | None = None
        self._lay_out()
        self.scatter.show_empty(
            "Open the folder of a sweep, or any CSV, to explore its points.", "Open sweep results…"
        )

    def _box(self, name: str) -> QComboBox:
        box = ComboBox(self)
        box.setObjectName(f"sweep.{name}")
        box.setAccessibleName(name)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.activated.connect(lambda _, name=name: self._choose(name))
        return box

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 12, 4)
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.filter, 1)
        head.addWidget(self.count)
        head.addWidget(self.close_button)
        axes = QHBoxLayout()
        axes.setContentsMargins(12, 4, 12, 8)
        axes.setSpacing(8)
        for title, box in (("x", self.x_box), ("y", self.y_box), ("colour", self.colour)):
            label = QLabel(title, self)
            label.setProperty("role", "muted")
            axes.addWidget(label)
            axes.addWidget(box, 1)
        self.front.setMinimumContentsLength(17)
        axes.addWidget(self.front)
        self._split.addWidget(self.scatter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(axes)
        column.addWidget(self._split, 1)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self.scatter.set_theme(tokens)

    def show_table(self, table: ResultTable, title: str) -> None:
        """Show the results of another sweep."""
        self._table, self._opened = table, None
        self._shown = np.zeros(0, dtype=np.intp)
        self.title.setText(title)
        self.filter.clear()
        names = list(table.numbers)
        for box, wanted in ((self.x_box, FIRST[0]), (self.y_box, FIRST[1])):
            box.clear()
            box.addItems(names)
            box.setCurrentText(wanted if wanted in names else "")
        if self.x_box.currentText() == self.y_box.currentText() and len(names) > 1:
            self.y_box.setCurrentIndex(1)
        self.colour.clear()
        self.colour.addItems([ONE_COLOUR, *names])
        self._suggest_front()
        self._build_rows(table)
        self.refresh()

    def _build_rows(self, table: ResultTable) -> None:
        columns = tuple(self._column(table, place) for place in range(len(table.names)))
        before, self.rows = self.rows, Table(columns, self)
        if before is None:
            self.view = table_view(self.rows, "sweep.table", "Points", self)
            self.view.clicked.connect(self._ask)
            self.view.activated.connect(self._ask)
            self._split.addWidget(self.view)
            self._split.setSizes([300, 200])
        else:
            self.view.setModel(self.rows)
            self.view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
            before.deleteLater()
        header = self.view.horizontalHeader()
        for place, name in enumerate(table.names):
            header.setSectionResizeMode(place, header.ResizeMode.Interactive)
            wide = self.view.fontMetrics().horizontalAdvance(name) + 34
            header.resizeSection(place, min(max(wide, 64), 220))

    def _column(self, table: ResultTable, place: int) -> Column:
        name = table.names[place]
        ranks: list[FloatArray] = []

        def keys() -> FloatArray:
            if name in table.numbers:
                values = table.numbers[name]
                return np.where(np.isnan(values), np.inf, values)[self._shown]
            if not ranks:
                _, places = np.unique(np.array(table.texts[name]), return_inverse=True)
                ranks.append(places.astype(float))
            return ranks[0][self._shown]

        return Column(
            name, lambda row: cell(table, name, int(self._shown[row])), keys, live=False, sample="-"
        )

    def set_opened(self, row: int | None) -> None:
        """Which row is open in the studio."""
        self._opened = row
        self._draw()

    def _choose(self, name: str) -> None:
        if name in ("x", "y"):
            self._suggest_front()
        self._draw()

    def _suggest_front(self) -> None:
        """The usual sense of both columns, where a front is shown or none was chosen yet."""
        signs = "".join(
            "+" if box.currentText() in MORE_IS_BETTER else "-" for box in (self.x_box, self.y_box)
        )
        if self.front.currentData() != "" or self._opened is None:
            self.front.setCurrentIndex(self.front.findData(signs))

    def refresh(self) -> None:
        """Filter anew."""
        table = self._table
        if table is None or self.rows is None:
            return
        self._typing.stop()
        try:
            wanted = matching(table, self.filter.text())
        except InputError as error:
            self.count.setProperty("role", "warning")
            self._restyle()
            self.count.setText("filter cannot be read")
            self.filter.setToolTip(str(error))
            self.count.setToolTip(str(error))
            return
        self.count.setProperty("role", "muted")
        self._restyle()
        self.filter.setToolTip("")
        self.count.setToolTip("")
        self._shown = np.flatnonzero(wanted)
        words = plural(table.rows, "row")
        if len(self._shown) < table.rows:
            words = f"{len(self._shown):,} of {words}"
        self.count.setText(words)
        self.rows.set_rows(len(self._shown))
        self._draw()

    def _restyle(self) -> None:
        style = self.count.style()
        style.unpolish(self.count)
        style.polish(self.count)

    def _draw(self) -> None:
        table = self._table
        if table is None:
            return
        names = self.x_box.currentText(), self.y_box.currentText()
        if not all(name in table.numbers for name in names):
            self.scatter.show_empty("There are no two columns of numbers to draw.")
            return
        x, y = (table.numbers[name][self._shown] for name in names)
        known = np.isfinite(x) & np.isfinite(y)
        self._plotted = self._shown[known]
        if not known.any():
            self.scatter.show_empty("No row has both figures.")
            return
        self.scatter.show_chart(self._chart(table, x[known], y[known]))

    def _chart(self, table: ResultTable, x: FloatArray, y: FloatArray) -> Scatter:
        fits = table.numbers.get("fits")
        faint = fits[self._plotted] == 0 if fits is not None else np.zeros(len(x), dtype=bool)
        signs = self.front.currentData() or ""
        front = None
        if signs:
            sense = [-1.0 if sign == "+" else 1.0 for sign in signs]
            front = pareto(sense[0] * x, sense[1] * y, ~faint)
        shade, ends = self._shades(table)
        current = np.flatnonzero(self._plotted == self._opened)
        return Scatter(
            column_axis(self.x_box.currentText(), x),
            column_axis(self.y_box.currentText(), y),
            x,
            y,
            lambda item: self._tip(table, int(self._plotted[item])),
            front=front,
            faint=faint,
            shade=shade,
            shade_ends=ends,
            current=int(current[0]) if len(current) else None,
            names=("point", "Pareto front", "does not fit"),
        )

    def _shades(self, table: ResultTable) -> tuple[FloatArray | None, tuple[str, str]]:
        name = self.colour.currentText()
        if name not in table.numbers:
            return None, ("", "")
        values = table.numbers[name][self._plotted]
        known = values[np.isfinite(values)]
        if not len(known):
            return None, ("", "")
        low, high = float(known.min()), float(known.max())
        axis = column_axis(name, known)
        ends = f"{axis.heading} {axis.text(low)}", axis.text(high)
        return (values - low) / ((high - low) or 1.0), ends

    def _tip(self, table: ResultTable, row: int) -> str:
        shown = [self.x_box.currentText(), self.y_box.currentText()]
        if self.colour.currentText() in table.numbers:
            shown.append(self.colour.currentText())
        # The columns before `fits` are the axes: what sets this point apart from others.
        axes = table.names[: table.names.index("fits")] if "fits" in table.names else ()
        lines = [f"{name}: {cell(table, name, row)}" for name in dict.fromkeys((*axes, *shown))]
        error = table.text("error", row) if "error" in table.names else ""
        return "\n".join([*lines, *([error] if error else [])])

    def _ask(self, index: QModelIndex) -> None:
        assert self.rows is not None
        self.point_asked.emit(int(self._shown[self.rows.source(index.row())]))


def cell(table: ResultTable, name: str, row: int) -> str:
    """A cell with the unit that its column's name carries."""
    ending = unit_of(name)
    if not ending or name not in table.numbers or not np.isfinite(table.numbers[name][row]):
        return table.text(name, row)
    return TEXTS[UNITS[ending]](float(table.numbers[name][row]))


def unit_of(name: str) -> str:
    """The end of a column's name that tells its unit, "" where none does."""
    if name in UNITS:
        return name
    return next((end for end in UNITS if end.startswith("_") and name.endswith(end)), "")


def column_axis(name: str, values: FloatArray) -> Axis:
    """An axis for a column: its unit from the end of its name, as files carry it.

    >>> column_axis("step_time_s", np.array([0.1, 0.4])).heading
    'step time [ms]'
    """
    ending = unit_of(name)
    words = TITLES.get(name) or name.removesuffix(ending).replace("_", " ")
    return axis_of(values, words, UNITS.get(ending, ""))
