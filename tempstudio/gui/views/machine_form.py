"""The figures of a machine as a form: size, die, links, area; each typed with its unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QSpinBox, QVBoxLayout, QWidget

from tempstudio.core.errors import InputError
from tempstudio.core.faults import resized
from tempstudio.core.machine import Cluster, Machine, Wafer
from tempstudio.gui.views.figures import FigureField, figure, sections_of, with_figure
from tempstudio.gui.views.option_form import Field, OptionForm

MESH = (
    Field("rows", "int", default=6, minimum=1, maximum=1024, label="rows",
          help="rows of dies on a wafer"),
    Field("cols", "int", default=8, minimum=1, maximum=1024, label="columns",
          help="columns of dies on a wafer"),
    Field("wafers", "int", default=1, minimum=1, maximum=64, label="wafers",
          help="wafers in a chain: the last column of one meets the first of the next"),
)  # fmt: skip
CLUSTER = (
    Field("nodes", "int", default=1, minimum=1, maximum=32768, help="nodes of the cluster"),
    Field("devices_per_node", "int", default=8, minimum=1, maximum=32768,
          help="devices on one switch"),
)  # fmt: skip


class MachineForm(QWidget):
    """Shows a machine; `edited(machine, title, key)` asks for another, `refused` says why not."""

    edited = Signal(object, str, str)
    refused = Signal(str)

    def __init__(self, prefix: str, parent: QWidget | None = None, live: bool = False) -> None:
        """`live`: whole numbers are told while they are typed, not when the field is left."""
        super().__init__(parent)
        self._prefix, self._live = prefix, live
        self._machine: Machine = Wafer()
        self._titles: tuple[str, ...] = ()
        self._forms: list[OptionForm] = []
        self._figures: dict[str, FigureField] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    @property
    def machine(self) -> Machine:
        """The machine shown."""
        return self._machine

    def set_machine(self, machine: Machine) -> None:
        """Show a machine; nothing is emitted."""
        self._machine = machine
        sections = sections_of(machine)
        titles = (machine.kind, *(title for title, _ in sections))
        if titles != self._titles:
            self._build(titles, sections)
        self._show()

    def _show(self) -> None:
        machine = self._machine
        for form in self._forms:
            form.set_values({field.key: self._value(machine, field) for field in form.fields})

    def _value(self, machine: Machine, field: Field) -> Any:
        if field.key in self._figures:
            return figure(machine, self._figures[field.key])
        return getattr(machine, field.key)

    def _build(
        self, titles: tuple[str, ...], sections: tuple[tuple[str, tuple[FigureField, ...]], ...]
    ) -> None:
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._titles, self._forms = titles, []
        self._figures = {field.key: field for _, fields in sections for field in fields}
        cluster = isinstance(self._machine, Cluster)
        self._section("Cluster" if cluster else "Mesh", CLUSTER if cluster else MESH)
        for title, fields in sections:
            self._section(title, fields)

    def _section(self, title: str, fields: tuple[Field, ...]) -> None:
        if self._column.count():
            self._column.addSpacing(12)
        heading = QLabel(title, self)
        heading.setProperty("role", "heading")
        heading.setWordWrap(True)
        form = OptionForm(self._prefix, self)
        form.set_fields(fields, {})
        for spin in form.findChildren(QSpinBox):
            spin.setKeyboardTracking(self._live)
        form.edited.connect(self.edit)
        form.refused.connect(self.refused)
        self._column.addWidget(heading)
        self._column.addWidget(form)
        self._forms.append(form)

    def edit(self, key: str, value: Any) -> None:
        """Ask for another value, as its editor does."""
        try:
            machine, title = self._with(key, value)
        except InputError as error:
            self.refused.emit(str(error))
            self._show()
            return
        self.edited.emit(machine, title, key)

    def _with(self, key: str, value: Any) -> tuple[Machine, str]:
        """The machine after an edit, and what the step is called."""
        before = self._machine
        if key in self._figures:
            field = self._figures[key]
            return with_figure(before, field, value), f"{field.part_title} {field.text(value)}"
        title = f"{key.replace('_', ' ').capitalize()} {value}"
        if isinstance(before, Wafer):
            size = {"rows": before.rows, "cols": before.cols, "wafers": before.wafers, key: value}
            return resized(before, **size), title.replace("Cols", "Columns")
        changed: dict[str, Any] = {key: value}
        return replace(before, **changed), title
