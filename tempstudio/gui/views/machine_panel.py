"""The machine of the open project: its floor plan, its area budget, its figures."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.floorplan import floorplan
from tempstudio.core.machine import Machine, Wafer
from tempstudio.gui.icons import pixmap
from tempstudio.gui.views.floorplan_view import FloorplanView
from tempstudio.gui.views.machine_form import MachineForm
from tempstudio.scene.floorplan import budget_text
from tempstudio.scene.format import plural
from tempstudio.scene.tokens import Tokens

PLAN_PX = 190


class AreaLine(QWidget):
    """The area budget in words; over it with the warning's sign and colour."""

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tokens = tokens
        self._over = False
        self.sign = QLabel(self)
        self.text = QLabel(self)
        self.text.setObjectName("area.text")
        self.text.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.text, 1)

    def set_machine(self, machine: Machine) -> None:
        """Say what this wafer takes."""
        wafer = machine if isinstance(machine, Wafer) else None
        self.setVisible(wafer is not None)
        if wafer is None:
            return
        plan = floorplan(wafer)
        self._over = plan.is_over or plan.is_too_long
        self.text.setText(budget_text(wafer))
        self.text.setProperty("role", "warning" if self._over else "caption")
        self.text.style().unpolish(self.text)
        self.text.style().polish(self.text)
        self.sign.setVisible(self._over)
        self.set_theme(self._tokens)

    @property
    def is_over(self) -> bool:
        """Whether it warns."""
        return self._over

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        self.sign.setPixmap(pixmap("warning", tokens.warning, 16, self.devicePixelRatioF()))


class MachinePanel(QScrollArea):
    """`edited(machine, title, key)` asks for an edit; `dialog_asked` for presets and faults."""

    edited = Signal(object, str, str)
    refused = Signal(str)
    dialog_asked = Signal()

    def __init__(self, tokens: Tokens, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("machine")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its fields take the focus
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.title = QLabel()
        self.title.setObjectName("machine.title")
        self.title.setProperty("role", "heading")
        self.title.setWordWrap(True)
        self.faults = QLabel()
        self.faults.setObjectName("machine.faults")
        self.faults.setProperty("role", "caption")
        self.faults.setWordWrap(True)
        self.plan = FloorplanView(tokens)
        self.plan.setFixedHeight(PLAN_PX)
        self.area = AreaLine(tokens)
        self.form = MachineForm("machine")
        self.form.edited.connect(self.edited)
        self.form.refused.connect(self.refused)
        self.button = QPushButton("Presets and faults…")
        self.button.setObjectName("machine.dialog")
        self.button.setToolTip("Choose a preset, break dies at random (Ctrl+M)")
        self.button.clicked.connect(self.dialog_asked)
        body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(4)
        for part in (self.title, self.faults, self.plan, self.area, self.button):
            column.addWidget(part)
        column.addSpacing(12)
        column.addWidget(self.form)
        column.addStretch(1)
        self.setWidget(body)

    def set_machine(self, machine: Machine) -> None:
        """Show a machine."""
        self.title.setText(title_of(machine))
        self.faults.setText(condition_of(machine))
        self.plan.setVisible(isinstance(machine, Wafer))
        self.plan.set_machine(machine)
        self.area.set_machine(machine)
        self.form.set_machine(machine)

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self.plan.set_theme(tokens)
        self.area.set_theme(tokens)


def title_of(machine: Machine) -> str:
    """What machine it is."""
    if not isinstance(machine, Wafer):
        return f"{plural(machine.nodes, 'node')} of {machine.devices_per_node}"
    mesh = f"{machine.rows} × {machine.cols}"
    if machine.wafers > 1:
        return f"{machine.wafers} wafers of {mesh}, {machine.die_count:,} dies"
    return f"{mesh} = {machine.die_count:,} dies"


def condition_of(machine: Machine) -> str:
    """What of it works."""
    if not isinstance(machine, Wafer):
        return f"{machine.die_count:,} devices"
    parts = [
        plural(len(machine.dead_dies), "dead die"),
        plural(len(machine.dead_links), "dead link"),
        plural(len(machine.core_yield), "die") + " of lower core yield",
    ]
    counts = (machine.dead_dies, machine.dead_links, machine.core_yield)
    told = [part for part, items in zip(parts, counts, strict=True) if items]
    return " · ".join(told) if told else "Every die and link works"
