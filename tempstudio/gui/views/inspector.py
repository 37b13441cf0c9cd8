"""The inspector: what is selected in words, and dies and links as sortable tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QElapsedTimer,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QScrollArea,
    QTableView,
    QTabWidget,
    QWidget,
)

from tempstudio.core.machine import Machine
from tempstudio.core.timeline import MEMORY_KINDS, Frame
from tempstudio.core.topology import topology_of
from tempstudio.core.workload import Workload
from tempstudio.gui.places import die_name, link_name, link_names, link_pairs
from tempstudio.gui.results import Result
from tempstudio.gui.selection import Chosen
from tempstudio.gui.views.gauges import KIND_TITLES
from tempstudio.gui.views.model_tree import describe
from tempstudio.scene.format import byte_count, byte_rate, percent, seconds

SORT = Qt.ItemDataRole.UserRole
PLAYING_MS = 250
Index = QModelIndex | QPersistentModelIndex
Cell = tuple[str, float]  # text, what it sorts by


class Table(QAbstractTableModel):
    """Rows that answer with a text and a number to sort by, one function a column."""

    def __init__(
        self,
        titles: Sequence[str],
        cells: Sequence[Callable[[int], Cell]],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._titles, self._cells, self._rows = titles, cells, 0

    def set_rows(self, rows: int) -> None:
        """Another number of rows."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def refresh(self) -> None:
        """The same rows have other values."""
        if self._rows:
            last = self.index(self._rows - 1, len(self._cells) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cells[index.column()](index.row())[0]
        if role == SORT:
            return self._cells[index.column()](index.row())[1]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None


class Inspector(QTabWidget):
    """Three tabs: the selection, all dies, all links; rows chosen in a table are selected."""

    dies_chosen = Signal(object)
    links_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setDocumentMode(True)
        self._machine: Machine | None = None
        self._model: Workload | None = None
        self._result: Result | None = None
        self._frame: Frame | None = None
        self._chosen = Chosen()
        self._pairs: tuple[tuple[int, int], ...] = ()
        self._names: tuple[str, ...] = ()
        self._since = QElapsedTimer()
        self.text = QLabel(self)
        self.text.setObjectName("inspector.text")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.text.setContentsMargins(12, 8, 12, 8)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(self.text)
        self.addTab(scroll, "Inspector")
        self.die_table = Table(
            ("Die", "State", "Memory", "Use"),
            (self._die_cell, self._state_cell, self._memory_cell, self._use_cell), self,
        )
        self.link_table = Table(
            ("Link", "Now", "Rate", "In the step"),
            (self._link_cell, self._now_cell, self._rate_cell, self._step_cell), self,
        )
        self.dies = self._view(self.die_table, "inspector.dies", "Dies")
        self.links = self._view(self.link_table, "inspector.links", "Links")
        self.dies.selectionModel().selectionChanged.connect(self._choose_dies)
        self.links.selectionModel().selectionChanged.connect(self._choose_links)
        self.currentChanged.connect(lambda _: self._refresh())

    def _view(self, table: Table, name: str, title: str) -> QTableView:
        proxy = QSortFilterProxyModel(self)
        proxy.setSourceModel(table)
        proxy.setSortRole(SORT)
        view = QTableView(self)
        view.setObjectName(name)
        view.setAccessibleName(title)
        view.setModel(proxy)
        view.setSortingEnabled(True)
        view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)
        view.setWordWrap(False)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(24)
        header = view.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.addTab(view, title)
        return view

    # What is shown

    def set_machine(self, machine: Machine) -> None:
        """Another machine: its dies and links make the rows; values come with a run of it."""
        if machine == self._machine:
            return
        self._machine, self._result, self._frame = machine, None, None
        topology = topology_of(machine)
        self._pairs = tuple(
            zip(topology.source.tolist(), topology.target.tolist(), strict=True)
        )
        self._names = link_names(machine, self._pairs)
        self.die_table.set_rows(machine.die_count)
        self.link_table.set_rows(len(self._pairs))
        self._refresh()

    def set_model(self, model: Workload) -> None:
        """Another model, to describe its operators."""
        self._model = model
        self._refresh()

    def set_result(self, result: Result | None) -> None:
        """Values come from this run from now on; None while there is no fresh one."""
        self._result, self._frame = result, None
        if result is not None and link_pairs(result.timeline) != self._pairs:
            self._result = None
        self._refresh()

    def set_frame(self, frame: Frame, playing: bool = False) -> None:
        """Show a moment; while playing, four times a second."""
        if playing and self._since.isValid() and self._since.elapsed() < PLAYING_MS:
            return
        self._since.start()
        self._frame = frame
        self._refresh()

    def set_selection(self, chosen: Chosen) -> None:
        """Mark what is selected and describe it."""
        self._chosen = chosen
        self._mark(self.dies, chosen.dies)
        rows = {pair: row for row, pair in enumerate(self._pairs)}
        self._mark(self.links, tuple(rows[pair] for pair in chosen.links if pair in rows))
        self._refresh()

    def _mark(self, view: QTableView, rows: Sequence[int]) -> None:
        proxy = view.model()
        marked = QItemSelection()
        for row in rows:
            index = proxy.mapFromSource(proxy.sourceModel().index(row, 0))
            marked.select(index, index)
        if {index.row() for index in view.selectionModel().selectedRows()} == {
            index.row() for index in marked.indexes()
        }:
            return
        flags = QItemSelectionModel.SelectionFlag
        with QSignalBlocker(view.selectionModel()):
            view.selectionModel().select(marked, flags.ClearAndSelect | flags.Rows)
        if marked.indexes():
            view.scrollTo(marked.indexes()[0])
        view.viewport().update()

    def _refresh(self) -> None:
        current = self.currentWidget()
        if current is self.dies:
            self.die_table.refresh()
        elif current is self.links:
            self.link_table.refresh()
        else:
            self.text.setText("\n".join(self.describe()))

    # Dies and links in words

    def describe(self) -> list[str]:
        """The selection in lines of text."""
        lines: list[str] = []
        machine = self._machine
        if machine is None:
            return lines
        for die in self._chosen.dies[:4]:
            if die < machine.die_count:
                lines += self._describe_die(machine, die)
        if len(self._chosen.dies) > 4:
            lines.append(f"and {len(self._chosen.dies) - 4} more dies")
        for source, target in self._chosen.links[:4]:
            lines += self._describe_link(machine, source, target)
        if self._chosen.operator and self._model is not None:
            lines += self._describe_operator(self._chosen.operator)
        return lines or ["Nothing is selected. Click a die, a link or an operator."]

    def _describe_die(self, machine: Machine, die: int) -> list[str]:
        lines = [f"Die {die_name(machine, die)}", f"State: {self._state_cell(die)[0]}"]
        if self._frame is not None and die < self._frame.memory.shape[1]:
            total, capacity = self._memory_cell(die)[1], machine.die.hbm_bytes
            lines.append(f"Memory: {byte_count(total)} of {byte_count(capacity)}")
            for kind, amount in zip(MEMORY_KINDS, self._frame.memory[:, die], strict=True):
                if amount > 0:
                    lines.append(f"    {KIND_TITLES[kind]}: {byte_count(float(amount))}")
            lines += self._describe_group(machine, die)
        return [*lines, ""]

    def _describe_group(self, machine: Machine, die: int) -> list[str]:
        assert self._result is not None
        place = list(machine.coordinate(die))
        return [
            f"Group along {group['axis']}: "
            + " ".join(",".join(map(str, other)) for other in group["dies"])
            for group in self._result.document.get("groups", ())
            if place in group["dies"]
        ]

    def _describe_link(self, machine: Machine, source: int, target: int) -> list[str]:
        lines = [f"Link {link_name(machine, source, target)}"]
        if (source, target) not in self._pairs:
            return [*lines, "State: dead", ""]
        row = self._pairs.index((source, target))
        bandwidth = float(topology_of(machine).bytes_per_s[row])
        lines.append(f"Bandwidth: {byte_rate(bandwidth)} in this direction")
        if self._frame is not None:
            lines.append(f"Now: {self._rate_cell(row)[0]}, {self._now_cell(row)[0]} of it")
            lines.append(f"In the step: {self._step_cell(row)[0]}")
        return [*lines, ""]

    def _describe_operator(self, name: str) -> list[str]:
        assert self._model is not None
        lines: list[str] = []
        for block in self._model.blocks:
            for operator in block.operators:
                if operator.name == name and not lines:
                    lines = describe(operator, block.repeat).splitlines()
        if self._result is not None:
            for row in self._result.document.get("per_operator", ()):
                if row["name"] == name:
                    lines.append(f"Layout: {row['layout']}")
                    lines.append(f"Computes {seconds(row['compute_s'])} of the step")
                    lines.append(f"Exposed communication {seconds(row['exposed_s'])}")
        return lines

    # Cells

    def _die_cell(self, row: int) -> Cell:
        assert self._machine is not None
        return die_name(self._machine, row), row

    def _state_cell(self, row: int) -> Cell:
        assert self._machine is not None
        if row in self._machine.dead_ids:
            return "dead", 0.0
        factor = float(topology_of(self._machine).die_yield[row])
        stage = self._result.timeline.stage_of_die if self._result is not None else None
        if stage is not None and stage[row] < 0:
            return "idle", 0.5
        state = "works" if stage is None or not stage.max() else f"stage {stage[row]}"
        return (f"{state}, yield {percent(factor)}" if factor < 1 else state), factor

    def _memory_cell(self, row: int) -> Cell:
        if self._frame is None:
            return "", 0.0
        total = float(self._frame.memory[:, row].sum())
        return byte_count(total), total

    def _use_cell(self, row: int) -> Cell:
        if self._frame is None or self._machine is None:
            return "", 0.0
        share = self._memory_cell(row)[1] / self._machine.die.hbm_bytes
        return percent(share), share

    def _link_cell(self, row: int) -> Cell:
        return self._names[row], row

    def _now_cell(self, row: int) -> Cell:
        if self._frame is None:
            return "", 0.0
        share = float(self._frame.link_utilization[row])
        return percent(share), share

    def _rate_cell(self, row: int) -> Cell:
        if self._frame is None:
            return "", 0.0
        rate = float(self._frame.link_rate[row])
        return byte_rate(rate), rate

    def _step_cell(self, row: int) -> Cell:
        if self._result is None:
            return "", 0.0
        total = float(self._result.timeline.step_link_bytes[row])
        return byte_count(total), total

    def _choose_dies(self, *_: object) -> None:
        self.dies_chosen.emit(self._source_rows(self.dies))

    def _choose_links(self, *_: object) -> None:
        self.links_chosen.emit(tuple(self._pairs[row] for row in self._source_rows(self.links)))

    def _source_rows(self, view: QTableView) -> tuple[int, ...]:
        proxy = view.model()
        rows = view.selectionModel().selectedRows()
        return tuple(sorted(proxy.mapToSource(index).row() for index in rows))
