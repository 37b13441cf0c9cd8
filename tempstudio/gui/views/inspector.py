"""The inspector: what is selected in words, and dies and links as sortable tables."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QElapsedTimer,
    QItemSelection,
    QItemSelectionModel,
    QSignalBlocker,
    Qt,
    Signal,
)
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QScrollArea,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.machine import Machine
from tempstudio.core.project import Project
from tempstudio.core.timeline import MEMORY_KINDS, Frame
from tempstudio.core.topology import topology_of
from tempstudio.gui.focus_order import give_bar_focus
from tempstudio.gui.places import die_name, link_name
from tempstudio.gui.results import Result
from tempstudio.gui.selection import Chosen
from tempstudio.gui.views.model_tree import describe
from tempstudio.gui.views.selection_editor import SelectionEditor
from tempstudio.gui.views.tables import Readings, Table, table_view
from tempstudio.scene.copies import copy_line, stage_line
from tempstudio.scene.describe import KIND_TITLES
from tempstudio.scene.format import byte_count, byte_rate, seconds
from tempstudio.scene.plan_words import plan_lines

PLAYING_MS = 100
NOTHING_CHOSEN = "Click a die, a link or an operator to see what it does."
MOST_SHOWN = 4


class Inspector(QTabWidget):
    """Three tabs: the selection, all dies, all links; rows chosen in a table are selected."""

    dies_chosen = Signal(object)
    links_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setDocumentMode(True)
        give_bar_focus(self)
        self._project: Project | None = None
        self._chosen = Chosen()
        self._since = QElapsedTimer()
        self.readings = read = Readings()
        self._add_text()
        self.die_table = Table(read.die_columns(), self)
        self.link_table = Table(read.link_columns(), self)
        self.dies = table_view(self.die_table, "inspector.dies", "Dies", self)
        self.links = table_view(self.link_table, "inspector.links", "Links", self)
        for view, title in ((self.dies, "Dies"), (self.links, "Links")):
            self.addTab(view, title)
        self.dies.selectionModel().selectionChanged.connect(self._choose_dies)
        self.links.selectionModel().selectionChanged.connect(self._choose_links)
        self.currentChanged.connect(lambda _: self._refresh())

    def _add_text(self) -> None:
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
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.text.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.text.setProperty("ringed", True)
        self.text.setIndent(0)  # a label with a border would have one
        self.editor = SelectionEditor(self)
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.editor)
        column.addWidget(scroll, 1)
        self.addTab(page, "Inspector")

    # What is shown

    def set_project(self, project: Project) -> None:
        """Another project: its dies and links make the rows; values come with a run of it."""
        self._project = project
        if project.machine != self.readings.machine:
            self.readings.set_machine(project.machine)
            self.die_table.set_rows(project.machine.die_count)
            self.link_table.set_rows(len(self.readings.pairs))
        self.editor.set_selection(project.machine, self._chosen)
        self._refresh()

    def set_result(self, result: Result | None) -> None:
        """Values come from this run from now on; None while there is no fresh one."""
        self.readings.set_result(result)
        self._refresh()

    def set_frame(self, frame: Frame, playing: bool = False) -> None:
        """Show a moment; while playing, no oftener than a person can read."""
        if playing and self._since.isValid() and self._since.elapsed() < PLAYING_MS:
            return
        self._since.start()
        self.readings.frame = frame if self.readings.result is not None else None
        self._refresh()

    def set_selection(self, chosen: Chosen) -> None:
        """Mark what is selected and describe it."""
        self._chosen = chosen
        if self._project is not None:
            self.editor.set_selection(self._project.machine, chosen)
        self._mark(self.dies, chosen.dies)
        rows = {pair: row for row, pair in enumerate(self.readings.pairs)} if chosen.links else {}
        self._mark(self.links, [rows[pair] for pair in chosen.links if pair in rows])
        self._refresh()

    def _mark(self, view: QTableView, rows: Sequence[int]) -> None:
        if set(rows) == set(self._source_rows(view)):
            return
        table, marked = table_of(view), QItemSelection()
        for row in rows:
            index = table.index(table.shown(row), 0)
            marked.select(index, index)
        flags = QItemSelectionModel.SelectionFlag
        with QSignalBlocker(view.selectionModel()):
            view.selectionModel().select(marked, flags.ClearAndSelect | flags.Rows)
        if rows:
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

    def _choose_dies(self, *_: object) -> None:
        self.dies_chosen.emit(self._source_rows(self.dies))

    def _choose_links(self, *_: object) -> None:
        pairs = self.readings.pairs
        self.links_chosen.emit(tuple(pairs[row] for row in self._source_rows(self.links)))

    def _source_rows(self, view: QTableView) -> tuple[int, ...]:
        table = table_of(view)
        rows = view.selectionModel().selectedRows()
        return tuple(sorted(table.source(index.row()) for index in rows))

    # In words

    def describe(self) -> list[str]:
        """The selection in lines of text; while nothing is selected the plan and the notes."""
        project, chosen, lines = self._project, self._chosen, list[str]()
        if project is None:
            return lines
        machine = project.machine
        for die in [die for die in chosen.dies if die < machine.die_count][:MOST_SHOWN]:
            lines += [*self._describe_die(machine, die), ""]
        if len(chosen.dies) > MOST_SHOWN:
            lines.append(f"and {len(chosen.dies) - MOST_SHOWN} more dies")
        for source, target in chosen.links[:MOST_SHOWN]:
            lines += [*self._describe_link(machine, source, target), ""]
        if chosen.operator:
            lines += self._describe_operator(project, chosen.operator)
            lines += self._describe_copy(project, chosen.operator, chosen.copy)
            if chosen.tensor:
                lines.append(f"Selected: its {chosen.tensor}")
        if lines:
            return lines
        notes = ["", project.notes] if project.notes else []
        return [*self._describe_plan(), NOTHING_CHOSEN, *notes]

    def _describe_plan(self) -> list[str]:
        result = self.readings.result
        if result is None:
            return []
        project = result.project
        beyond = project.model.beyond_positions(project.job.seq_len)
        note = [f"Sequence length: {beyond}"] if beyond else []
        return [*plan_lines(result.document, result.searched), *note, ""]

    def _describe_die(self, machine: Machine, die: int) -> list[str]:
        read = self.readings
        lines = [f"Die {die_name(machine, die)}", f"State: {read.state(die)}"]
        if read.frame is None or read.result is None or die in machine.dead_ids:
            return lines
        lines += filter(None, [stage_line(read.result.timeline, read.result.project.model, die)])
        lines.append(f"Memory: {read.memory(die)} of {byte_count(machine.die.hbm_bytes)}")
        for kind, amount in zip(MEMORY_KINDS, read.frame.memory[:, die].tolist(), strict=True):
            lines.append(f"    {KIND_TITLES[kind]}: {byte_count(amount)}")
        place = list(machine.coordinate(die))
        for group in read.result.document.get("groups", ()):
            if place in group["dies"]:
                dies = "  ".join(",".join(map(str, other)) for other in group["dies"])
                lines.append(f"Group along {group['axis']}: {dies}")
        return lines

    def _describe_copy(self, project: Project, name: str, copy: int | None) -> list[str]:
        """Which copy of an operator is selected, and where it lies."""
        result = self.readings.result
        timeline = result.timeline if result is not None else None
        return [
            copy_line(timeline, block, copy)
            for block in project.model.blocks
            if copy is not None and any(operator.name == name for operator in block.operators)
        ]

    def _describe_link(self, machine: Machine, source: int, target: int) -> list[str]:
        read = self.readings
        lines = [f"Link {link_name(machine, source, target)}"]
        if (source, target) not in read.pairs:
            return [*lines, "State: dead"]
        row = read.pairs.index((source, target))
        bandwidth = float(topology_of(machine).bytes_per_s[row])
        lines.append(f"Bandwidth: {byte_rate(bandwidth)} in this direction")
        if read.frame is not None:
            lines.append(f"Now: {read.rate(row)}, {read.now(row)} of it")
            lines.append(f"In the step: {read.step(row)}")
        return lines

    def _describe_operator(self, project: Project, name: str) -> list[str]:
        lines: list[str] = []
        for block in project.model.blocks:
            for operator in block.operators:
                if operator.name == name and not lines:
                    lines = describe(operator, block.repeat).splitlines()
        result = self.readings.result
        if result is None:
            return lines
        least = result.document["step_time_s"] * 1e-9  # less is what rounding leaves
        for row in result.document.get("per_operator", ()):
            if row["name"] == name:
                exposed = row["exposed_s"] if row["exposed_s"] > least else 0.0
                lines.append(f"Layout: {row['layout']}")
                lines.append(f"Computes {seconds(row['compute_s'])} of the step")
                lines.append(f"Exposed communication {seconds(exposed)}")
        return lines


def table_of(view: QTableView) -> Table:
    """The table that a view shows."""
    table = view.model()
    assert isinstance(table, Table)
    return table
