"""The log: what plugins printed, and faults of the studio with their tracebacks."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from tempstudio.gui.theme import code_font

MOST_LINES = 5000


class LogPanel(QPlainTextEdit):
    """Lines with the time they came at; the oldest go first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log")
        self.setAccessibleName("Log")
        self.setReadOnly(True)
        self.setMaximumBlockCount(MOST_LINES)
        self.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.setPlaceholderText("What plugins print and what goes wrong is listed here.")
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.setFont(code_font())

    def add(self, text: str) -> None:
        """Add lines."""
        at = datetime.now().strftime("%H:%M:%S")
        for line in text.rstrip("\n").splitlines():
            self.appendPlainText(f"{at}  {line}")
