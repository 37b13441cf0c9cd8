"""The model as a tree of blocks and operators, with its parameter count to the last one."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.workload import Block, Operator, Workload
from tempstudio.gui.selection import Chosen
from tempstudio.scene.format import count, flop, plural

NAME = Qt.ItemDataRole.UserRole
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ModelTree(QWidget):
    """Name and counts of the model above the tree; `chosen` carries the operator clicked on."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("model")
        self._workload: Workload | None = None
        self.title = self._label("model.title", "heading")
        self.parameters = self._label("model.parameters", "")
        self.summary = self._label("model.summary", "caption")
        self.tree = QTreeWidget(self)
        self.tree.setObjectName("model.tree")
        self.tree.setAccessibleName("Operators")
        self.tree.setHeaderLabels(["Operator", "Parameters"])
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(12)
        self.tree.setStyleSheet("QTreeView::item { min-height: 24px; padding-right: 8px; }")
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setMinimumSectionSize(40)
        self.tree.headerItem().setTextAlignment(1, RIGHT)
        self.tree.currentItemChanged.connect(self._choose)
        top = QVBoxLayout()
        top.setContentsMargins(12, 8, 12, 8)
        top.setSpacing(4)
        for label in (self.title, self.parameters, self.summary):
            top.addWidget(label)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.tree, 1)

    def _label(self, name: str, role: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setProperty("role", role)
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def set_model(self, workload: Workload) -> None:
        """Show a model."""
        if workload is self._workload:
            return
        self._workload = workload
        self.title.setText(workload.name)
        self.title.setToolTip(f"Source: {workload.source}" if workload.source else "")
        self.parameters.setText(f"{workload.parameters:,} parameters")
        active = workload.active_parameters
        parts = [
            plural(workload.layers, "layer"),
            f"hidden {workload.hidden:,}",
            f"vocabulary {workload.vocabulary:,}",
        ]
        if active != workload.parameters:
            parts.insert(0, f"{active:,} active")
        self.summary.setText(" · ".join(parts))
        with QSignalBlocker(self.tree):
            self.tree.clear()
            for block in workload.blocks:
                self.tree.addTopLevelItem(self._block(block))
            self.tree.expandAll()

    def _block(self, block: Block) -> QTreeWidgetItem:
        repeat = f"  × {block.repeat}" if block.repeat > 1 else ""
        item = QTreeWidgetItem([f"{block.name}{repeat}", count(block.parameters)])
        item.setTextAlignment(1, RIGHT)
        copies = f", {block.repeat} equal copies" if block.repeat > 1 else ""
        item.setToolTip(0, f"{block.name}{copies}\n{block.parameters:,} parameters in all")
        item.setToolTip(1, f"{block.parameters:,} parameters in all")
        bold = item.font(0)
        bold.setBold(True)
        item.setFont(0, bold)
        parts: dict[str, list[Operator]] = {}
        for operator in block.operators:
            parts.setdefault(part_of(operator.name), []).append(operator)
        for part, operators in parts.items():
            parent = item
            if len(operators) > 1 and part and part != block.name:
                parent = self._part(part, operators)
                item.addChild(parent)
            for operator in operators:
                parent.addChild(self._operator(operator, block.repeat))
        return item

    def _part(self, part: str, operators: list[Operator]) -> QTreeWidgetItem:
        parameters = sum(operator.parameters for operator in operators)
        item = QTreeWidgetItem([part, count(parameters) if parameters else ""])
        item.setTextAlignment(1, RIGHT)
        item.setToolTip(0, f"{part}: {parameters:,} parameters in each copy")
        return item

    def _operator(self, operator: Operator, repeat: int) -> QTreeWidgetItem:
        parameters = count(operator.parameters) if operator.parameters else ""
        short = operator.name.removeprefix(f"{part_of(operator.name)}.")
        item = QTreeWidgetItem([short, parameters])
        item.setTextAlignment(1, RIGHT)
        item.setData(0, NAME, operator.name)
        item.setToolTip(0, describe(operator, repeat))
        item.setToolTip(1, describe(operator, repeat))
        return item

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        self.chosen.emit(item.data(0, NAME) or "" if item is not None else "")

    def set_selection(self, chosen: Chosen) -> None:
        """Mark the selected operator."""
        current = self.tree.currentItem()
        if current is not None and (current.data(0, NAME) or "") == chosen.operator:
            return
        with QSignalBlocker(self.tree):
            item = self._find(chosen.operator)
            if item is None:
                self.tree.clearSelection()
            else:
                self.tree.setCurrentItem(item)
                self.tree.scrollToItem(item)

    def _find(self, operator: str) -> QTreeWidgetItem | None:
        if not operator:
            return None
        items = QTreeWidgetItemIterator(self.tree)
        while items.value():
            if items.value().data(0, NAME) == operator:
                return items.value()
            items += 1
        return None


def part_of(operator: str) -> str:
    """What stands before the last dot of an operator's name.

    >>> part_of("attention.qkv"), part_of("embedding")
    ('attention', '')
    """
    return operator.rpartition(".")[0]


def describe(operator: Operator, repeat: int) -> str:
    """What an operator is, in lines: kind, shape, parameters, FLOP of one token."""
    lines = [f"{operator.name}: {operator.function or operator.kind}"]
    if operator.kind == "attention":
        heads = f"{operator.heads} heads of {operator.head_dim}"
        if operator.kv_heads not in (0, operator.heads):
            heads += f", {operator.kv_heads} of keys and values"
        lines.append(heads)
    else:
        lines.append("shape " + " × ".join(f"{size:,}" for size in operator.shape))
    if operator.parameters:
        lines.append(
            f"{operator.parameters:,} parameters, in {plural(repeat, 'copy')}".replace(
                "copys", "copies"
            )
        )
    if operator.tied_to:
        lines.append(f"weights shared with {operator.tied_to}")
    work = operator.flop(1, 1)
    if work:
        lines.append(f"{flop(work)} a token, forward")
    return "\n".join(lines)
