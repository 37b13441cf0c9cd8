"""Dies and links as rows: sortable by value, read from the moment shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from tempstudio.core.machine import Machine
from tempstudio.core.timeline import Frame
from tempstudio.core.topology import topology_of
from tempstudio.gui.places import die_name, link_name, link_pairs
from tempstudio.gui.results import Result
from tempstudio.gui.theme import font
from tempstudio.scene.format import byte_count, byte_rate, percent

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """A title, the text of a row, and what all rows sort by [rows]; `live` changes with time.

    `sample` is the longest text that may stand there, '' for the column that takes what is left.
    """

    title: str
    text: Callable[[int], str]
    keys: Callable[[], FloatArray]
    live: bool = True
    sample: str = ""


class Table(QAbstractTableModel):
    """Rows in the order of one column; a mesh of 30,000 links is sorted as one array."""

    def __init__(self, columns: Sequence[Column], parent: QWidget) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._order: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._by, self._falling = 0, False

    def set_rows(self, rows: int) -> None:
        """Another number of rows."""
        self.beginResetModel()
        self._order = self._sorted(rows)
        self.endResetModel()

    def refresh(self) -> None:
        """The same rows have other values."""
        if not len(self._order):
            return
        if self.columns[self._by].live:
            self._arrange()
        last = self.index(len(self._order) - 1, len(self.columns) - 1)
        self.dataChanged.emit(self.index(0, 0), last)

    def source(self, shown: int) -> int:
        """The row (die or link number) that stands at a place."""
        return int(self._order[shown])

    def shown(self, source: int) -> int:
        """The place at which a row stands."""
        return int(np.flatnonzero(self._order == source)[0])

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Arrange by a column's values."""
        self._by, self._falling = column, order == Qt.SortOrder.DescendingOrder
        self._arrange()

    def _arrange(self) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        rows = [(self.source(index.row()), index.column()) for index in before]
        self._order = self._sorted(len(self._order))
        places = np.argsort(self._order)
        after = [self.index(int(places[row]), column) for row, column in rows]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _sorted(self, rows: int) -> NDArray[np.intp]:
        keys = self.columns[self._by].keys()
        if len(keys) != rows:
            return np.arange(rows)
        return np.argsort(-keys if self._falling else keys, kind="stable")

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[index.column()].text(self.source(index.row()))
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return int(RIGHT)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self.columns[section].title
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return int(RIGHT if section else LEFT)
        return None


class Readings:
    """Machine, run and moment that the cells of both tables are read from."""

    def __init__(self) -> None:
        self.machine: Machine | None = None
        self.result: Result | None = None
        self.frame: Frame | None = None
        self.pairs: tuple[tuple[int, int], ...] = ()

    def set_machine(self, machine: Machine) -> None:
        """Another machine, of which there is no run yet."""
        self.machine, self.result, self.frame = machine, None, None
        topology = topology_of(machine)
        self.pairs = tuple(zip(topology.source.tolist(), topology.target.tolist(), strict=True))

    def set_result(self, result: Result | None) -> None:
        """A run of this machine, or none."""
        fits = result is not None and link_pairs(result.timeline) == self.pairs
        self.result, self.frame = result if fits else None, None

    def die_columns(self) -> tuple[Column, ...]:
        """Name, state, memory held now, and that over the die's memory."""
        return (
            Column("Die", self.die, lambda: np.arange(self._dies, dtype=float), live=False),
            Column("State", self.state, self._states, sample="works, yield 90 %"),
            Column("Memory", self.memory, self._held, sample="99.9 GB"),
            Column("Use", self.use, self._held, sample="99.9 %"),
        )

    def link_columns(self) -> tuple[Column, ...]:
        """Name, utilisation and rate now, bytes over the step."""
        return (
            Column("Link", self.link, lambda: np.arange(len(self.pairs), dtype=float), live=False),
            Column("Now", self.now, lambda: self._moment("link_utilization"), sample="99.9 %"),
            Column("Rate", self.rate, lambda: self._moment("link_rate"), sample="9.99 TB/s"),
            Column("Step", self.step, self._stepped, live=False, sample="9.99 GB"),
        )

    # Dies

    @property
    def _dies(self) -> int:
        return self.machine.die_count if self.machine is not None else 0

    def _states(self) -> FloatArray:
        if self.machine is None:
            return np.zeros(0)
        keys = topology_of(self.machine).die_yield.astype(float)
        if self.result is not None:
            keys = keys - 2.0 * (self.result.timeline.stage_of_die < 0)
        return keys

    def _held(self) -> FloatArray:
        return self.frame.memory.sum(axis=0) if self.frame is not None else np.zeros(self._dies)

    def die(self, row: int) -> str:
        """Its name."""
        assert self.machine is not None
        return die_name(self.machine, row)

    def state(self, row: int) -> str:
        """Dead, idle, its stage, its core yield."""
        assert self.machine is not None
        if row in self.machine.dead_ids:
            return "dead"
        factor = float(topology_of(self.machine).die_yield[row])
        stage = self.result.timeline.stage_of_die if self.result is not None else None
        if stage is not None and stage[row] < 0:
            return "idle"
        text = "works" if stage is None or not stage.max() else f"stage {stage[row] + 1}"
        return f"{text}, yield {percent(factor)}" if factor < 1 else text

    def held(self, row: int) -> float:
        """Bytes on a die at the moment."""
        return float(self.frame.memory[:, row].sum()) if self.frame is not None else 0.0

    def _tells_memory(self, row: int) -> bool:
        working = self.machine is not None and row not in self.machine.dead_ids
        return self.frame is not None and working

    def memory(self, row: int) -> str:
        """Bytes held at the moment."""
        return byte_count(self.held(row)) if self._tells_memory(row) else ""

    def use(self, row: int) -> str:
        """The same over the die's memory."""
        if not self._tells_memory(row):
            return ""
        assert self.machine is not None
        return percent(self.held(row) / self.machine.die.hbm_bytes)

    # Links

    def _moment(self, name: str) -> FloatArray:
        if self.frame is None:
            return np.zeros(len(self.pairs))
        values: FloatArray = getattr(self.frame, name)
        return values

    def _stepped(self) -> FloatArray:
        if self.result is None:
            return np.zeros(len(self.pairs))
        return self.result.timeline.step_link_bytes

    def link(self, row: int) -> str:
        """Its name."""
        assert self.machine is not None
        return link_name(self.machine, *self.pairs[row])

    def now(self, row: int) -> str:
        """Utilisation at the moment."""
        return percent(float(self.frame.link_utilization[row])) if self.frame is not None else ""

    def rate(self, row: int) -> str:
        """Bytes a second at the moment."""
        return byte_rate(float(self.frame.link_rate[row])) if self.frame is not None else ""

    def step(self, row: int) -> str:
        """Bytes over the step."""
        return byte_count(float(self._stepped()[row])) if self.result is not None else ""


def table_view(table: Table, name: str, title: str, parent: QWidget) -> QTableView:
    """A table that sorts by its numbers, selects whole rows and keeps its widths."""
    view = QTableView(parent)
    view.setObjectName(name)
    view.setAccessibleName(title)
    view.setModel(table)
    view.setSortingEnabled(True)
    view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setFont(font("caption"))
    view.setStyleSheet(
        "QTableView::item { padding: 0 2px; } QHeaderView::section { padding: 3px 5px; }"
    )
    view.setShowGrid(False)
    view.setTabKeyNavigation(False)
    view.setWordWrap(False)
    rows = view.verticalHeader()
    rows.hide()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setDefaultSectionSize(24)
    header = view.horizontalHeader()
    metrics = view.fontMetrics()
    for number, column in enumerate(table.columns):
        if column.sample:
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.Fixed)
            wanted = metrics.horizontalAdvance(column.sample) + 13
            header.resizeSection(number, max(wanted, metrics.horizontalAdvance(column.title) + 13))
        else:
            header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
    header.setHighlightSections(False)
    return view
