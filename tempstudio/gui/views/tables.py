"""Dies and links as rows: sortable by value, read from the moment shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from tempstudio.core.machine import Machine
from tempstudio.core.timeline import Frame
from tempstudio.core.topology import topology_of
from tempstudio.gui.places import die_name, link_names, link_pairs
from tempstudio.gui.results import Result
from tempstudio.gui.theme import font
from tempstudio.scene.format import byte_count, byte_rate, percent

SORT = Qt.ItemDataRole.UserRole
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex
Cell = tuple[str, float]  # text, what it sorts by
NOTHING: Cell = ("", 0.0)


class Table(QAbstractTableModel):
    """Rows that answer with a text and a number to sort by, one function a column."""

    def __init__(
        self, columns: Sequence[tuple[str, Callable[[int], Cell]]], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._columns, self._rows = columns, 0

    def set_rows(self, rows: int) -> None:
        """Another number of rows."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def refresh(self) -> None:
        """The same rows have other values."""
        if self._rows:
            last = self.index(self._rows - 1, len(self._columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[index.column()][1](index.row())[0]
        if role == SORT:
            return self._columns[index.column()][1](index.row())[1]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return int(RIGHT)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self._columns[section][0]
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
        self.names: tuple[str, ...] = ()

    def set_machine(self, machine: Machine) -> None:
        """Another machine, of which there is no run yet."""
        self.machine, self.result, self.frame = machine, None, None
        topology = topology_of(machine)
        self.pairs = tuple(zip(topology.source.tolist(), topology.target.tolist(), strict=True))
        self.names = link_names(machine, self.pairs)

    def set_result(self, result: Result | None) -> None:
        """A run of this machine, or none."""
        fits = result is not None and link_pairs(result.timeline) == self.pairs
        self.result, self.frame = result if fits else None, None

    # Dies

    def die(self, row: int) -> Cell:
        """Its name."""
        assert self.machine is not None
        return die_name(self.machine, row), row

    def state(self, row: int) -> Cell:
        """Dead, idle, its stage, its core yield."""
        assert self.machine is not None
        if row in self.machine.dead_ids:
            return "dead", 0.0
        factor = float(topology_of(self.machine).die_yield[row])
        stage = self.result.timeline.stage_of_die if self.result is not None else None
        if stage is not None and stage[row] < 0:
            return "idle", 0.5
        text = "works" if stage is None or not stage.max() else f"stage {stage[row]}"
        return (f"{text}, yield {percent(factor)}" if factor < 1 else text), factor

    def memory(self, row: int) -> Cell:
        """Bytes held at the moment."""
        if self.frame is None or row in self.machine.dead_ids:  # type: ignore[union-attr]
            return NOTHING
        total = float(self.frame.memory[:, row].sum())
        return byte_count(total), total

    def use(self, row: int) -> Cell:
        """The same over the die's memory."""
        if self.machine is None or not self.memory(row)[0]:
            return NOTHING
        share = self.memory(row)[1] / self.machine.die.hbm_bytes
        return percent(share), share

    # Links

    def link(self, row: int) -> Cell:
        """Its name."""
        return self.names[row], row

    def now(self, row: int) -> Cell:
        """Utilisation at the moment."""
        if self.frame is None:
            return NOTHING
        share = float(self.frame.link_utilization[row])
        return percent(share), share

    def rate(self, row: int) -> Cell:
        """Bytes a second at the moment."""
        if self.frame is None:
            return NOTHING
        rate = float(self.frame.link_rate[row])
        return byte_rate(rate), rate

    def step(self, row: int) -> Cell:
        """Bytes over the step."""
        if self.result is None:
            return NOTHING
        total = float(self.result.timeline.step_link_bytes[row])
        return byte_count(total), total


def proxy_of(view: QTableView) -> QSortFilterProxyModel:
    """What sorts the rows of a view."""
    proxy = view.model()
    assert isinstance(proxy, QSortFilterProxyModel)
    return proxy


def table_view(
    table: Table, name: str, title: str, samples: Sequence[str], parent: QWidget
) -> QTableView:
    """A table that sorts by its numbers and selects whole rows.

    `samples` are the longest texts of the columns after the first.
    """
    proxy = QSortFilterProxyModel(parent)
    proxy.setSourceModel(table)
    proxy.setSortRole(SORT)
    view = QTableView(parent)
    view.setObjectName(name)
    view.setAccessibleName(title)
    view.setModel(proxy)
    view.setSortingEnabled(True)
    view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setFont(font("caption"))
    view.setStyleSheet("QTableView::item { padding: 0 2px; }")
    view.setShowGrid(False)
    view.setTabKeyNavigation(False)
    view.setWordWrap(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(24)
    header = view.horizontalHeader()
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    metrics = view.fontMetrics()
    for column, sample in enumerate(samples, 1):  # wide enough for any value, whatever comes
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(column, metrics.horizontalAdvance(sample) + 13)
    header.setHighlightSections(False)
    # Names never change: only what is sorted by a value is sorted again with every moment.
    header.sortIndicatorChanged.connect(lambda column, _: proxy.setDynamicSortFilter(column > 0))
    proxy.setDynamicSortFilter(False)
    return view
