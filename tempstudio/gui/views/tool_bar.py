"""The toolbar: files, one tool at a time, the five boxes, and Run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolBar, QToolButton, QWidget

from tempstudio.gui.actions import Actions
from tempstudio.gui.icons import icon
from tempstudio.gui.views.choice_box import ChoiceBox
from tempstudio.scene.format import plural
from tempstudio.scene.tokens import Tokens

if TYPE_CHECKING:  # the first paint waits for what is imported here
    from tempstudio.core.machine import Machine
    from tempstudio.core.project import Project

KINDS = ("partitioner", "mapper", "solver")
LOAD_MODEL = "Load a model…"
FILES = ("file.open", "file.save")
TOOLS = ("tool.select", "tool.dead_die", "tool.dead_link", "tool.core_yield")
SHOWN = (*FILES, *TOOLS)


class ToolBar(QToolBar):
    """`model_chosen`, `machine_chosen` carry a preset's name, `strategy_chosen` kind and name."""

    model_chosen = Signal(str)
    machine_chosen = Signal(object)
    strategy_chosen = Signal(str, str)

    def __init__(self, actions: Actions, tokens: Tokens, parent: QWidget) -> None:
        super().__init__("Toolbar", parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._actions = actions
        self._machines: dict[str, Machine] = {}
        self._tokens = tokens
        for id_ in FILES:
            self._add_button(actions[id_])
        self.addSeparator()
        for id_ in TOOLS:
            self._add_button(actions[id_])
        self.addSeparator()
        self.model = ChoiceBox("model", "Model", tokens, self)
        self.machine = ChoiceBox("machine", "Machine", tokens, self)
        self.strategies = {kind: ChoiceBox(kind, kind.capitalize(), tokens, self) for kind in KINDS}
        self._boxes = (self.model, self.machine, *self.strategies.values())
        self.run = QPushButton("Run", self)
        self.run.setObjectName("run")
        self.run.setProperty("primary", True)
        self.run.setFixedHeight(28)
        self.run.setMinimumWidth(84)
        rest = QWidget(self)
        row = QHBoxLayout(rest)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for box in self._boxes:
            row.addWidget(box, 1)
        row.addStretch(0)  # takes what is left once the boxes are as wide as they need be
        row.addSpacing(4)
        row.addWidget(self.run)
        self.addWidget(rest)
        self.model.chosen.connect(self.model_chosen)
        self.machine.chosen.connect(self._choose_machine)
        for kind, box in self.strategies.items():
            box.chosen.connect(lambda name, kind=kind: self.strategy_chosen.emit(kind, name))
        self.run.clicked.connect(self._run_or_cancel)
        self.set_searching(False)

    def _add_button(self, action: QAction) -> None:
        self.addAction(action)
        button = self.widgetForAction(action)
        assert isinstance(button, QToolButton)
        button.setObjectName(f"toolbar.{action.objectName()}")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setFixedSize(32, 28)

    def _run_or_cancel(self) -> None:
        self._actions["run.cancel" if self._searching else "run.run"].trigger()

    def set_searching(self, searching: bool) -> None:
        """Run becomes Cancel while a search runs."""
        self._searching = searching
        self.run.setText("Cancel" if searching else "Run")
        data = self._actions.data("run.cancel" if searching else "run.run")
        self.run.setToolTip(f"{data.summary} ({data.shortcuts[0]})")
        self.run.setIcon(
            icon("cancel" if searching else "run", self._tokens, self._tokens.on_accent)
        )

    def set_theme(self, tokens: Tokens) -> None:
        """Draw in another theme."""
        self._tokens = tokens
        for box in self._boxes:
            box.set_theme(tokens)
        self.set_searching(self._searching)

    def set_catalogue(self, catalogue: dict[str, Any], models: dict[str, str]) -> None:
        """Offer what the plugins offer; `models` are preset names with their titles."""
        from tempstudio.core.machine import machine_from_json

        for kind, box in self.strategies.items():
            offers = catalogue["kinds"].get(kind, [])
            box.set_choices([o["name"] for o in offers], [o["summary"] for o in offers])
        offers = catalogue.get("machines", [])
        self._machines = {o["name"]: machine_from_json(o["machine"]) for o in offers}
        self.machine.set_choices(list(self._machines), [o["summary"] for o in offers])
        self.model.set_choices(list(models), list(models.values()), (LOAD_MODEL,))

    @property
    def machines(self) -> dict[str, Machine]:
        """The machines on offer, by name."""
        return self._machines

    def set_project(self, project: Project) -> None:
        """Show a project's choices."""
        self.model.show_choice(project.model.name)
        self.machine.show_choice(machine_title(project.machine), faults(project.machine))
        for kind, box in self.strategies.items():
            box.show_choice(getattr(project, kind).name)
        self._caption()

    def _caption(self) -> None:
        """All boxes have their captions, or none has."""
        captioned = all(box.has_room_for_caption for box in self._boxes)
        for box in self._boxes:
            box.set_captioned(captioned)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Captions go where there is no room for them."""
        super().resizeEvent(event)
        self._caption()

    def _choose_machine(self, name: str) -> None:
        machine = self._machines.get(name)
        if machine is not None:
            self.machine_chosen.emit(machine)


def machine_title(machine: Machine) -> str:
    """A machine in a few letters."""
    if machine.kind == "cluster":
        return f"{machine.rows} × {machine.cols} GPUs"
    title = f"{machine.rows} × {machine.cols}"
    return f"{title} × {machine.wafers} wafers" if machine.wafers > 1 else f"{title} dies"


def faults(machine: Machine) -> str:
    """What is broken on a machine, in words."""
    counts = (
        (machine.dead_dies, "dead die"),
        (machine.dead_links, "dead link"),
        (machine.core_yield, "core yield"),
    )
    return ", ".join(plural(len(items), name) for items, name in counts if items)
