"""Whether a plugin that is a file or folder may run: where it lies, how large, how it begins."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from tempstudio.gui.icons import pixmap
from tempstudio.gui.look import Look
from tempstudio.gui.theme import code_font
from tempstudio.gui.views.labels import label
from tempstudio.plugin_files import FilePlugin
from tempstudio.scene.format import byte_count, plural
from tempstudio.scene.tokens import Tokens

WARNING = (
    "It can do whatever you can do: read, change and send your files. It runs in a process of its "
    "own, so that a crash costs you nothing; but a process is not a sandbox. Agree only to code "
    "that you have read or whose author you trust."
)
_MOST_LISTED = 12


class Consent(QDialog):
    """`agreed` when the person lets exactly these bytes run."""

    agreed = Signal()

    def __init__(
        self, plugin: FilePlugin, trusted_before: str, look: Look, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("consent")
        self.setWindowTitle(f"Run {plugin.name}?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 600)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(label(f"May the plugin {plugin.name} run?", "heading"))
        if trusted_before:
            changed = label(f"It has changed since you agreed to it on {trusted_before[:10]}.")
            changed.setObjectName("consent.changed")
            column.addWidget(changed)
        column.addLayout(self._facts(plugin))
        column.addWidget(self._warning(look))
        column.addWidget(label("How it begins", "caption"))
        code = QPlainTextEdit(plugin.beginning, self)
        code.setObjectName("consent.code")
        code.setAccessibleName("How it begins")
        code.setReadOnly(True)
        code.setFont(code_font())
        code.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        column.addWidget(code, 1)
        column.addWidget(self._buttons())
        self._refuse.setFocus()

    def _facts(self, plugin: FilePlugin) -> QGridLayout:
        names = sorted(plugin.files)
        rest = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
        facts = [
            ("Path", str(plugin.path)),
            ("Size", f"{byte_count(plugin.bytes)}, {plural(len(names), 'file')}"),
            ("SHA-256", plugin.digest),
        ]
        if len(names) > 1:
            facts.insert(2, ("Files", ", ".join(names[:_MOST_LISTED]) + rest))
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (title, value) in enumerate(facts):
            grid.addWidget(label(title, "muted"), row, 0, Qt.AlignmentFlag.AlignTop)
            text = label(value)
            text.setObjectName(f"consent.{title.casefold()}")
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(text, row, 1)
        return grid

    def _warning(self, look: Look) -> QFrame:
        frame = QFrame(self)
        frame.setProperty("role", "ribbon")
        row = QHBoxLayout(frame)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(12)
        sign = self._sign = QLabel(frame)
        sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._set_theme(look.tokens)
        look.changed.connect(self._set_theme)
        text = label(WARNING)
        text.setObjectName("consent.warning")
        row.addWidget(sign)
        row.addWidget(text, 1)
        return frame

    def _set_theme(self, tokens: Tokens) -> None:
        self._sign.setPixmap(pixmap("warning", tokens.warning, 20, self.devicePixelRatioF()))

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(self)
        refuse = box.addButton("Do not run it", QDialogButtonBox.ButtonRole.RejectRole)
        self._refuse = refuse
        agree = box.addButton("Let it run as it is now", QDialogButtonBox.ButtonRole.AcceptRole)
        refuse.setObjectName("consent.refuse")
        agree.setObjectName("consent.agree")
        agree.setAutoDefault(False)
        refuse.setDefault(True)
        box.accepted.connect(self.accept)
        box.accepted.connect(self.agreed)
        box.rejected.connect(self.reject)
        return box
