"""A new wafer, or another in the place of the open one: presets, size, figures, random faults."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine, Wafer
from tempstudio.core.topology import topology_of
from tempstudio.gui.views.fault_form import FaultForm
from tempstudio.gui.views.floorplan_view import FloorplanView
from tempstudio.gui.views.machine_form import MachineForm
from tempstudio.gui.views.machine_panel import AreaLine
from tempstudio.gui.zoomed import factor
from tempstudio.scene.format import plural
from tempstudio.scene.tokens import Tokens

NO_PRESET = "–"
SIZE = (860, 600)
FAULTS_PX = 230


class MachineDialog(QDialog):
    """`made` carries the machine when it is wanted; `help_asked` on F1."""

    made = Signal(object)
    help_asked = Signal()

    def __init__(
        self,
        title: str,
        verb: str,
        machine: Machine,
        presets: Mapping[str, Machine],
        tokens: Tokens,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("machine_dialog")
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*(round(side * factor()) for side in SIZE))
        self._presets = dict(presets)
        self._refused = False
        self._wafer = machine if isinstance(machine, Wafer) else Wafer()
        self._build_left()
        self._build_right(tokens)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        done = QPushButton(verb)
        done.setObjectName("machine_dialog.ok")
        done.setProperty("primary", True)
        self.buttons.addButton(done, QDialogButtonBox.ButtonRole.AcceptRole)
        done.setDefault(True)
        cancel = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        cancel.setObjectName("machine_dialog.cancel")
        cancel.setIcon(type(cancel.icon())())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.error = QLabel(self)
        self.error.setObjectName("machine_dialog.error")
        self.error.setProperty("role", "error")
        self.error.setWordWrap(True)
        foot = QHBoxLayout()
        foot.addWidget(self.error, 1)
        foot.addWidget(self.buttons)
        both = QHBoxLayout()
        both.setSpacing(16)
        both.addWidget(self._scroll)
        both.addLayout(self._right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(12)
        column.addLayout(both, 1)
        column.addLayout(foot)
        self.form.set_machine(self._wafer)
        self._show()

    def _build_left(self) -> None:
        self.preset = QComboBox(self)
        self.preset.setObjectName("new.preset")
        self.preset.setAccessibleName("Preset")
        wafers = [name for name, machine in self._presets.items() if isinstance(machine, Wafer)]
        self.preset.addItems([NO_PRESET, *wafers])
        self.preset.textActivated.connect(self._take_preset)
        caption = QLabel("Preset", self)
        caption.setProperty("role", "heading")
        caption.setBuddy(self.preset)
        self.form = MachineForm("new", live=True)
        self.form.edited.connect(lambda machine, title, key: self._take(machine))
        self.form.refused.connect(self._refuse)
        self.faults = FaultForm("new.faults")
        self.faults.changed.connect(lambda: self._take(self._wafer))
        self.faults.refused.connect(self._refuse)
        body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 12, 0)
        column.setSpacing(4)
        column.addWidget(caption)
        column.addWidget(self.preset)
        column.addSpacing(12)
        column.addWidget(self.form)
        column.addStretch(1)
        self._scroll = QScrollArea(self)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setFixedWidth(270)
        self._scroll.setWidget(body)

    def _build_right(self, tokens: Tokens) -> None:
        self.plan = FloorplanView(tokens, self)
        self.summary = QLabel(self)
        self.summary.setObjectName("new.summary")
        self.summary.setProperty("role", "heading")
        self.pieces = QLabel(self)
        self.pieces.setObjectName("new.pieces")
        self.pieces.setWordWrap(True)
        self.area = AreaLine(tokens, self)
        self._right = QVBoxLayout()
        self._right.setSpacing(4)
        self._right.addWidget(self.plan, 1)
        words = QVBoxLayout()
        words.setSpacing(4)
        for part in (self.summary, self.pieces, self.area):
            words.addWidget(part)
        words.addStretch(1)
        self.faults.setFixedWidth(FAULTS_PX)
        below = QHBoxLayout()
        below.setSpacing(16)
        below.addLayout(words, 1)
        below.addWidget(self.faults)
        self._right.addSpacing(8)
        self._right.addLayout(below)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self.plan.set_theme(tokens)
        self.area.set_theme(tokens)

    @property
    def machine(self) -> Wafer:
        """The wafer as it stands, random faults included."""
        return self.faults.draw.on(self._wafer)

    def _take_preset(self, name: str) -> None:
        preset = self._presets.get(name)
        if isinstance(preset, Wafer):
            self.form.set_machine(preset)
            self._take(preset)

    def _take(self, machine: Machine) -> None:
        assert isinstance(machine, Wafer)
        if machine.die_count != self._wafer.die_count and self.preset.currentIndex():
            preset = self._presets.get(self.preset.currentText())
            if preset != machine:
                self.preset.setCurrentIndex(0)
        self._wafer = machine
        self._refused = False
        self.error.clear()
        self.form.set_machine(machine)
        self._show()

    def _refuse(self, line: str) -> None:
        self._refused = True
        self.error.setText(line)

    def _show(self) -> None:
        try:
            machine = self.machine
        except InputError as error:
            self._refuse(str(error))
            return
        self.plan.set_machine(machine)
        self.area.set_machine(machine)
        self.faults.tell(self._wafer)
        self.summary.setText(summary_of(machine))
        text, whole = pieces_of(machine)
        self.pieces.setText(text)
        self.pieces.setProperty("role", "muted" if whole else "warning")
        self.pieces.style().unpolish(self.pieces)
        self.pieces.style().polish(self.pieces)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The window's own shortcuts do not reach over an open dialog."""
        if event.key() == Qt.Key.Key_F1:
            self.help_asked.emit()
        else:
            super().keyPressEvent(event)

    def accept(self) -> None:
        """Hand the machine over, unless what was just typed was refused."""
        if self._refused:
            self._refused = False
            return
        self.made.emit(self.machine)
        super().accept()


def summary_of(wafer: Wafer) -> str:
    """Dies and what of them works.

    >>> summary_of(Wafer(rows=5, cols=7, dead_dies=[(0, 0), (1, 1)]))
    '35 dies, 33 work'
    """
    text = f"{plural(wafer.die_count, 'die')}, {wafer.alive_count:,} work"
    links = len(wafer.dead_links)
    return f"{text}, {plural(links, 'dead link')}" if links else text


def pieces_of(wafer: Wafer) -> tuple[str, bool]:
    """Whether the mesh hangs together, in words, and as a truth value."""
    parts = [len(part) for part in topology_of(wafer).components]
    if not parts:
        return "No die works", False
    if len(parts) == 1:
        return "The working dies hang together", True
    rest = ", ".join(f"{size:,}" for size in parts[1:4]) + (" …" if len(parts) > 4 else "")
    return f"Cut into {len(parts):,} pieces: {parts[0]:,} dies, then {rest}", False
