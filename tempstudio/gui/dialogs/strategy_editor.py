"""A small editor for a plugin's file: saving it reloads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from tempstudio.core.errors import InputError
from tempstudio.gui.look import Look
from tempstudio.gui.theme import code_font
from tempstudio.gui.views.python_colours import PythonColours
from tempstudio.storage.atomic import write_text

INDENT = "    "
_MOST_BYTES = 1_000_000


class StrategyEditor(QDialog):
    """`saved` after every save; `show_outcome` tells below the text what came of it."""

    saved = Signal()

    def __init__(self, path: Path, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("strategy_editor")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(860, 640)
        self.path = path
        self.text = _Code(_read(path))
        self.text.setObjectName("editor.text")
        self.text.setAccessibleName(f"Code of {path.name}")
        self.outcome = QLabel("Save it and it is loaded as it is.", self)
        self.outcome.setObjectName("editor.outcome")
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setWordWrap(True)
        self._colours = PythonColours(self.text.document(), look.tokens)
        look.changed.connect(self._colours.set_theme)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        place = QLabel(str(path), self)
        place.setProperty("role", "caption")
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(place)
        column.addWidget(self.text, 1)
        column.addLayout(self._foot())
        QShortcut(QKeySequence.StandardKey.Save, self, self.save)
        self.text.document().modificationChanged.connect(self._show_title)
        self._show_title(False)

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.outcome, 1)
        self.button = QPushButton("Save and load", self)
        self.button.setObjectName("editor.save")
        self.button.setProperty("primary", True)
        self.button.setToolTip("Save (Ctrl+S)")
        self.button.setAutoDefault(False)
        self.button.clicked.connect(lambda: self.save())
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        return row

    def _show_title(self, modified: bool) -> None:
        self.setWindowTitle(f"{self.path.name}[*]")
        self.setWindowModified(modified)

    def save(self) -> bool:
        """Write the file; False where that cannot be done (the text is still here)."""
        try:
            write_text(self.path, self.text.toPlainText().rstrip() + "\n")
        except InputError as error:
            self._tell(str(error), "error")
            return False
        self.text.document().setModified(False)
        self._tell("Saved; it is being loaded.", "muted")
        self.saved.emit()
        return True

    def show_outcome(self, offers: list[tuple[str, str]], failures: list[dict[str, Any]]) -> None:
        """What the workers made of the file: what it offers now, or what was wrong."""
        if failures:
            self._tell(f"{failures[0]['hook']}: {failures[0]['message']}", "error")
            line = _line_of(failures[0].get("traceback", ""), self.path)
            if line:
                self.text.go_to(line)
            return
        listed = ", ".join(f"{kind} {name}" for kind, name in offers)
        self._tell(f"Loaded: {listed}" if listed else "Loaded: it offers nothing", "ok")

    def _tell(self, text: str, role: str) -> None:
        self.outcome.setText(text)
        self.outcome.setProperty("role", role)
        self.outcome.style().unpolish(self.outcome)
        self.outcome.style().polish(self.outcome)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask what becomes of text that was not saved."""
        if not self.text.document().isModified():
            event.accept()
            return
        event.ignore()
        standard = QMessageBox.StandardButton
        box = QMessageBox(self)
        box.setObjectName("editor.unsaved")
        box.setWindowTitle("Unsaved changes")
        box.setText(f"Save the changes to {self.path.name}?")
        box.setStandardButtons(standard.Save | standard.Discard | standard.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(lambda code: self._leave(standard(code)))
        box.open()

    def _leave(self, answer: QMessageBox.StandardButton) -> None:
        if answer == QMessageBox.StandardButton.Discard:
            self.text.document().setModified(False)
            self.close()
        elif answer == QMessageBox.StandardButton.Save and self.save():
            self.close()

    def reject(self) -> None:
        """Escape closes it like any other window: it asks first."""
        self.close()


class _Code(QPlainTextEdit):
    """Plain text with spaces for tabs, and a new line as deep as the one before."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setFont(code_font())
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        cursor = self.textCursor()
        if event.key() == Qt.Key.Key_Tab and not cursor.hasSelection():
            cursor.insertText(INDENT[cursor.positionInBlock() % len(INDENT) :])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            line = cursor.block().text()[: cursor.positionInBlock()]
            depth = len(line) - len(line.lstrip(" "))
            deeper = INDENT if line.rstrip().endswith(":") else ""
            cursor.insertText("\n" + " " * depth + deeper)
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)

    def go_to(self, line: int) -> None:
        """Put the cursor in a line, counted from 1."""
        block = self.document().findBlockByNumber(line - 1)
        if block.isValid():
            cursor = self.textCursor()
            cursor.setPosition(block.position())
            self.setTextCursor(cursor)
            self.centerCursor()


def _read(path: Path) -> str:
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"larger than the {_MOST_BYTES / 1e6:g} MB that this editor takes")
    return path.read_text(encoding="utf-8")


def _line_of(traceback: str, path: Path) -> int:
    """The line of this file that a traceback speaks of last, 0 where it speaks of none."""
    mark = f'File "{path.resolve()}", line '
    at = traceback.rfind(mark)
    digits = traceback[at + len(mark) :].split(",")[0].split("\n")[0] if at >= 0 else ""
    return int(digits) if digits.isdigit() else 0
