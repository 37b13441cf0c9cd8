"""What can be changed of the selected dies or links: whether they work, and their core yield."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QLineEdit, QWidget

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine, Wafer
from tempstudio.core.typed_quantity import typed_number
from tempstudio.gui.selection import Chosen
from tempstudio.scene.format import plural

MIXED = "mixed"


class SelectionEditor(QFrame):
    """`works_asked(bool)` and `yield_asked(float)` are about all that is selected."""

    works_asked = Signal(bool)
    yield_asked = Signal(float)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("selection_editor")
        self._shown = ""
        self.count = QLabel(self)
        self.count.setObjectName("selection.count")
        self.works = QCheckBox("works", self)
        self.works.setObjectName("selection.works")
        self.works.setToolTip("Off: dead. Nothing is computed on it or sent over it.")
        self.works.clicked.connect(self._ask_works)
        self.caption = QLabel("core yield", self)
        self.factor = QLineEdit(self)
        self.factor.setObjectName("selection.yield")
        self.factor.setAccessibleName("Core yield")
        self.factor.setProperty("term", "core yield")
        self.factor.setToolTip("Share of the die's compute that works, up to 100 %")
        self.factor.setFixedWidth(60)
        self.factor.editingFinished.connect(self._ask_yield)
        self.caption.setBuddy(self.factor)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 0)
        row.setSpacing(6)
        for part in (self.count, self.works):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(self.caption)
        row.addWidget(self.factor)
        self.hide()

    def set_selection(self, machine: Machine, chosen: Chosen) -> None:
        """Show what is selected on this machine; nothing else can be edited on a cluster."""
        wafer = machine if isinstance(machine, Wafer) else None
        self.setVisible(wafer is not None and bool(chosen.dies or chosen.links))
        if wafer is None or self.isHidden():
            return
        if chosen.dies:
            dies = [die for die in chosen.dies if die < wafer.die_count]
            states = {die not in wafer.dead_ids for die in dies}
            self.count.setText(plural(len(dies), "die"))
        else:
            broken = {frozenset(map(wafer.die_id, pair)) for pair in wafer.dead_links}
            pairs = {frozenset(pair) for pair in chosen.links}
            states = {pair not in broken for pair in pairs}
            self.count.setText(plural(len(pairs), "link"))
        with QSignalBlocker(self.works):
            self.works.setTristate(len(states) > 1)
            mixed, on = Qt.CheckState.PartiallyChecked, Qt.CheckState.Checked
            every = on if states == {True} else Qt.CheckState.Unchecked
            self.works.setCheckState(mixed if len(states) > 1 else every)
        for part in (self.caption, self.factor):
            part.setVisible(bool(chosen.dies))
        if chosen.dies:
            self._show_yield(wafer, chosen.dies)

    def _show_yield(self, wafer: Wafer, dies: tuple[int, ...]) -> None:
        known = {wafer.die_id(tuple(map(int, item[:-1]))): item[-1] for item in wafer.core_yield}
        factors = {known.get(die, 1.0) for die in dies}
        self._shown = f"{100 * factors.pop():.6g} %" if len(factors) == 1 else MIXED
        self.factor.setText(self._shown)

    def _ask_works(self) -> None:
        self.works.setTristate(False)
        self.works_asked.emit(self.works.checkState() != Qt.CheckState.Unchecked)

    def _ask_yield(self) -> None:
        text = self.factor.text().strip()
        if text == self._shown:
            return
        try:
            value = float(typed_number(text, "", "core yield"))
            if "%" not in text and value > 1:
                value /= 100  # "85" can only mean percent
            if not 0 < value <= 1:
                raise InputError(f"core yield: found {text}, allowed: above 0 up to 100 %")
        except InputError as error:
            self.factor.setText(self._shown)
            self.refused.emit(str(error))
            return
        self._shown = text
        self.yield_asked.emit(value)
