"""Runs kept in the project, each with its difference to the run on screen."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.project import KeptRun, Project
from tempstudio.gui.contenders import strategy_name
from tempstudio.gui.results import Result
from tempstudio.gui.theme import font
from tempstudio.gui.zoomed import factor
from tempstudio.scene.format import change, percent, seconds
from tempstudio.storage.kept_runs import kept_run

NAME = Qt.ItemDataRole.UserRole
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunsPanel(QWidget):
    """A list of runs; `keep_asked` for the one on screen, the others by name."""

    keep_asked = Signal()
    drop_asked = Signal(str)
    compare_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runs")
        self._runs: tuple[KeptRun, ...] = ()
        self._result: Result | None = None
        self.keep = QPushButton("Keep this run", self)
        self.keep.setObjectName("runs.keep")
        self.keep.setToolTip("Keep the run on screen in the project")
        self.keep.clicked.connect(self.keep_asked)
        self.drop = QPushButton("Remove", self)
        self.drop.setObjectName("runs.drop")
        self.drop.clicked.connect(self._drop)
        self.beside = QPushButton("Compare", self)
        self.beside.setObjectName("runs.compare")
        self.beside.setToolTip("Set the selected run beside the one on screen")
        self.beside.clicked.connect(self._compare)
        self.empty = QLabel(
            "Runs you keep are stored in the project, to set others beside them.", self
        )
        self.empty.setWordWrap(True)
        self.empty.setProperty("role", "muted")
        self.empty.setContentsMargins(12, 8, 12, 8)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.list = QTreeWidget(self)
        self.list.setObjectName("runs.list")
        self.list.setAccessibleName("Kept runs")
        self.list.setProperty("role", "caption")
        self.list.setFont(font("caption", factor()))
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setStyleSheet(
            "QTreeView::item { min-height: 24px; padding: 0 5px 0 2px; }"
            " QHeaderView::section { padding: 3px 5px; }"
        )
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHeaderLabels(["Run", "Step", "To this"])
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
            self.list.headerItem().setTextAlignment(column, RIGHT)
        self.list.itemActivated.connect(lambda *_: self._compare())
        self.list.currentItemChanged.connect(lambda *_: self._enable())
        row = QHBoxLayout()
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(self.keep)
        row.addStretch(1)
        below = QHBoxLayout()
        below.setContentsMargins(12, 0, 12, 8)
        below.setSpacing(8)
        below.addWidget(self.beside)
        below.addWidget(self.drop)
        below.addStretch(1)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.setSpacing(0)
        column_.addLayout(row)
        column_.addLayout(below)
        column_.addWidget(self.empty, 1)
        column_.addWidget(self.list, 1)
        self._fill()

    def set_project(self, project: Project) -> None:
        """Show a project's kept runs."""
        if project.runs != self._runs:
            self._runs = project.runs
            self._fill()

    def set_result(self, result: Result | None, fresh: bool) -> None:
        """The run to compare with; only a fresh one can be kept."""
        self._result = result if fresh else None
        self._fill()

    def _fill(self) -> None:
        current = self.list.currentItem()
        name = current.data(0, NAME) if current is not None else None
        self.list.clear()
        for run in self._runs:
            item = self._item(run)
            self.list.addTopLevelItem(item)
            if run.name == name:
                self.list.setCurrentItem(item)
        self.list.setVisible(bool(self._runs))
        self.empty.setVisible(not self._runs)
        self._enable()

    def _item(self, run: KeptRun) -> QTreeWidgetItem:
        score = json.loads(run.document).get("score", {})
        step = score.get("step_time_s")
        beside = self._result.document["step_time_s"] if self._result is not None else None
        same = self._is_shown(run)
        delta = "this" if same else change(beside, step) if beside and step else ""
        item = QTreeWidgetItem([run.name, seconds(step) if step else "", delta])
        item.setData(0, NAME, run.name)
        for column in (1, 2):
            item.setTextAlignment(column, RIGHT)
        item.setToolTip(0, summary(run.name, score))
        return item

    def _is_shown(self, run: KeptRun) -> bool:
        """Whether a kept run is the one on screen."""
        result = self._result
        if result is None or result.fingerprint != run.fingerprint:
            return False
        return bool(json.loads(run.document).get("plan") == result.plan)

    def _enable(self) -> None:
        self.keep.setEnabled(self._result is not None)
        for button in (self.drop, self.beside):
            button.setEnabled(self.list.currentItem() is not None)
            button.setVisible(bool(self._runs))

    def _compare(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.compare_asked.emit(item.data(0, NAME))

    def _drop(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.drop_asked.emit(item.data(0, NAME))


def summary(name: str, score: dict[str, Any]) -> str:
    """A kept run in lines."""
    lines = [name]
    if "strategy" in score:
        lines.append(" + ".join(score["strategy"].values()))
    if "mfu" in score:
        lines.append(f"step {seconds(score['step_time_s'])}, MFU {percent(score['mfu'])}")
    return "\n".join(lines)


def kept(result: Result, taken: tuple[KeptRun, ...]) -> KeptRun:
    """The run on screen as the project keeps it; kept again, it takes its former place."""
    document = result.document
    name = free_name(strategy_name(document) or "run", result.fingerprint, result.plan, taken)
    return kept_run(name, result.project, document, result.plan)


def free_name(stem: str, fingerprint: str, plan: dict[str, Any], taken: tuple[KeptRun, ...]) -> str:
    """A name that no other run has; the same run has the name that it had."""
    for run in taken:
        if run.fingerprint == fingerprint and json.loads(run.document).get("plan") == plan:
            return run.name
    names = {run.name for run in taken}
    name, number = stem, 2
    while name in names:
        name, number = f"{stem} ({number})", number + 1
    return name
