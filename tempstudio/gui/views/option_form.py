"""A form made from field descriptions: what a strategy or a dataclass says of its options."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from tempstudio import glossary
from tempstudio.core.errors import InputError
from tempstudio.gui.focus_order import order_focus
from tempstudio.gui.views.combo_box import ComboBox

EDITOR_WIDTH = 112
LARGEST_SPIN = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Field:
    """One option: key, type (bool, int, float, str, choice, list), default, unit, limits, help."""

    key: str
    type: str = "str"
    item: str = ""
    optional: bool = False
    default: Any = None
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    help: str = ""
    label: str = ""

    @property
    def title(self) -> str:
        """What stands before it: its label, else the key in words, the glossary's if it has it."""
        if self.label:
            return self.label
        entry = glossary.find(self.key)
        return entry.term if entry is not None else self.key.replace("_", " ").replace("-", " ")

    @property
    def span(self) -> str:
        """What is allowed, with the unit."""
        low, high = self.minimum, self.maximum
        if low is not None and high is not None:
            text = f"{low:,.10g} to {high:,.10g}"
        elif low is not None:
            text = f"at least {low:,.10g}"
        else:
            text = f"at most {high:,.10g}" if high is not None else ""
        return f"{text} {self.unit}".strip()

    @property
    def tooltip(self) -> str:
        """Help, range with unit, and default."""
        default = f"default {self.text(self.default)}"
        parts = (self.help[:1].upper() + self.help[1:], self.span, default)
        return "\n".join(part for part in parts if part)

    def check(self, value: Any) -> Any:
        """The value, or `InputError` that says what is allowed."""
        low = self.minimum is not None and value < self.minimum
        high = self.maximum is not None and value > self.maximum
        if low or high:
            raise InputError(f"{self.key}: found {value:,.10g}, allowed: {self.span}")
        return value

    def text(self, value: Any) -> str:
        """A value as the tooltip and a field at rest show it."""
        return shown(value)

    def at_rest(self, value: Any) -> str:
        """A value as its line shows it, with the unit."""
        text = self.text(value)
        numeric = self.type in ("int", "float")
        return f"{text} {self.unit}" if self.unit and text and numeric else text

    def parse(self, text: str) -> Any:
        """The value that a text stands for; the unit may be typed after it."""
        text = text.strip()
        if self.type == "str":
            return text
        if self.type == "list":
            return tuple(self._item(part.strip()) for part in text.split(",") if part.strip())
        if self.unit and text.casefold().endswith(self.unit.casefold()):
            text = text[: -len(self.unit)].strip()
        return self.check(self._number(text, self.type))

    def _item(self, text: str) -> Any:
        return self.check(self._number(text, self.item)) if self.item in ("int", "float") else text

    def _number(self, text: str, kind: str) -> float:
        try:
            value = int(text) if kind == "int" else float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            expected = "a whole number" if kind == "int" else "a number"
            raise InputError(f"{self.key}: found {text!r}, expected {expected}")
        return value


def shown(value: Any) -> str:
    """A value as a field shows it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(item) for item in value)
    return "" if value is None else str(value)


def fields_of(options: Iterable[Mapping[str, Any]]) -> tuple[Field, ...]:
    """Fields from `tempstudio.catalogue.option_fields`, or a catalogue entry's `options`."""
    known = {field.name for field in dataclasses.fields(Field)} - {"key", "choices"}
    return tuple(
        Field(
            key=option["name"],
            choices=tuple(str(choice) for choice in option.get("choices") or ()),
            **{key: option[key] for key in known if key in option},
        )
        for option in options
    )


class OptionForm(QWidget):
    """A row for each field; `edited` carries key and value, `refused` why a text is not taken.

    A label is semibold while its value differs from the default.
    """

    edited = Signal(str, object)
    refused = Signal(str)

    def __init__(
        self, prefix: str, parent: QWidget | None = None, editor_px: int = EDITOR_WIDTH
    ) -> None:
        super().__init__(parent)
        self._prefix, self._editor_px = prefix, editor_px
        self._fields: dict[str, Field] = {}
        self._editors: dict[str, QWidget] = {}
        self._labels: dict[str, QLabel] = {}
        self._values: dict[str, Any] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields shown."""
        return tuple(self._fields.values())

    def editor(self, key: str) -> QWidget:
        """The widget in which a field is edited."""
        return self._editors[key]

    def set_fields(self, fields: Iterable[Field], values: Mapping[str, Any]) -> None:
        """Show these fields with these values (the default where there is none)."""
        wanted = {field.key: field for field in fields}
        if wanted != self._fields:
            self._rebuild(wanted)
        self.set_values(values)

    def _rebuild(self, fields: dict[str, Field]) -> None:
        for widget in (*self._labels.values(), *self._editors.values()):
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._fields, self._labels, self._editors, self._values = fields, {}, {}, {}
        for row, field in enumerate(fields.values()):
            label = QLabel(field.title, self)
            label.setWordWrap(True)
            label.setToolTip(field.tooltip)
            editor = self._make_editor(field)
            editor.setObjectName(f"{self._prefix}.{field.key}")
            editor.setAccessibleName(field.title)
            editor.setProperty("term", field.key)
            editor.setToolTip(field.tooltip)
            editor.setFixedWidth(self._editor_px)
            label.setBuddy(editor)
            self._grid.addWidget(label, row, 0)
            self._grid.addWidget(editor, row, 1, Qt.AlignmentFlag.AlignTop)
            self._labels[field.key], self._editors[field.key] = label, editor
        order_focus(self._editors.values())

    def _make_editor(self, field: Field) -> QWidget:
        if field.type == "bool":
            box = QCheckBox(self)
            box.toggled.connect(lambda on: self._emit(field.key, bool(on)))
            return box
        if field.choices:
            combo = ComboBox(self)
            combo.addItems([str(choice) for choice in field.choices])
            combo.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            combo.textActivated.connect(lambda text: self._emit(field.key, text))
            return combo
        if (
            field.type == "int"
            and max(abs(field.minimum or 0), abs(field.maximum or 2**40)) <= LARGEST_SPIN
        ):
            spin = _Spin(self)
            spin.setRange(int(field.minimum or 0), int(field.maximum or LARGEST_SPIN))
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(lambda value: self._emit(field.key, int(value)))
            return spin
        line = QLineEdit(self)
        line.setPlaceholderText(field.text(field.default))
        line.editingFinished.connect(lambda: self._take_text(field, line))
        return line

    def _take_text(self, field: Field, line: QLineEdit) -> None:
        before = self._values.get(field.key, field.default)
        if line.text().strip() == field.at_rest(before):
            return
        try:
            value = field.parse(line.text()) if line.text().strip() else field.default
        except InputError as error:
            self.refused.emit(str(error))
            line.setText(field.at_rest(before))
            return
        self._emit(field.key, value)
        line.setText(field.at_rest(value))

    def _emit(self, key: str, value: Any) -> None:
        if value != self._values.get(key, self._fields[key].default):
            self._values[key] = value
            self._mark(key)
            self.edited.emit(key, value)

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these values; nothing is emitted."""
        self._values = {key: values[key] for key in self._fields if key in values}
        for key, field in self._fields.items():
            self._show(self._editors[key], field, self._values.get(key, field.default))
            self._mark(key)

    def _show(self, editor: QWidget, field: Field, value: Any) -> None:
        with QSignalBlocker(editor):
            if isinstance(editor, QCheckBox):
                editor.setChecked(bool(value))
            elif isinstance(editor, QComboBox):
                editor.setCurrentText(str(value))
            elif isinstance(editor, QSpinBox):
                editor.setValue(int(value))
            elif isinstance(editor, QLineEdit) and not editor.isModified():
                editor.setText(field.at_rest(value))
                editor.setCursorPosition(0)  # a long one is read from its beginning

    def _mark(self, key: str) -> None:
        label = self._labels[key]
        differs = self._values.get(key, self._fields[key].default) != self._fields[key].default
        marked = label.font()
        marked.setBold(differs)
        label.setFont(marked)


class _Spin(QSpinBox):
    """A spin box that lets the wheel scroll the form unless it has the focus."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: Any) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
