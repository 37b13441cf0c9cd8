"""The theme in use: light, dark, or as the system has it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from tempstudio.gui.theme import apply_theme
from tempstudio.gui.zoomed import factor
from tempstudio.scene.tokens import Tokens

CHOICES = ("system", "light", "dark")


class Look(QObject):
    """Dresses the application; `changed` carries the tokens for what is painted by hand."""

    changed = Signal(object)

    def __init__(self, app: QApplication, choice: str) -> None:
        super().__init__(app)
        self.app = app
        self.choice = choice if choice in CHOICES else "system"
        self.tokens: Tokens = apply_theme(app, self.choice, factor())
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow_system)

    def choose(self, choice: str) -> None:
        """Use another theme from now on."""
        self.choice = choice
        self._apply()

    def _follow_system(self) -> None:
        if self.choice == "system":
            self._apply()

    def _apply(self) -> None:
        self.refresh()
        self.changed.emit(self.tokens)

    def refresh(self) -> None:
        """Dress the application once more, at the present zoom."""
        self.tokens = apply_theme(self.app, self.choice, factor())
