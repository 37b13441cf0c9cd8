"""All about one plugin: where it is from, what it offers, what may be done with it, its errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from tempstudio.gui.job import OWN
from tempstudio.gui.plugin_news import offers_of
from tempstudio.gui.theme import code_font
from tempstudio.gui.views.labels import label

if TYPE_CHECKING:
    from tempstudio.gui.plugin_desk import PluginDesk

STATES = {
    "on": "It is on.",
    "disabled": "It is switched off: check its box to have it back.",
    "left out": "It was left out: in safe mode, or because it broke a worker.",
    "failed": "It could not be loaded.",
    "not trusted": "It does not run: nobody has agreed to its files as they are now.",
}
_MOST_LINES = 14  # of a traceback before it scrolls


class PluginDetails(QScrollArea):
    """Filled anew for each plugin."""

    def __init__(self, desk: PluginDesk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("plugins.details")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self._desk = desk

    def show_plugin(
        self,
        plugin: dict[str, Any] | None,
        catalogue: dict[str, Any],
        failures: list[dict[str, Any]],
    ) -> None:
        """Show one plugin, or a sentence where there is none."""
        body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(8)
        if plugin is None:
            column.addWidget(label("The plugins are being looked for.", "muted"))
        else:
            self._describe(plugin, column)
            self._list_offers(plugin["name"], catalogue, column)
            for failure in reversed(failures):
                self._show_failure(failure, column)
        column.addStretch(1)
        self.setWidget(body)

    def _describe(self, plugin: dict[str, Any], column: QVBoxLayout) -> None:
        developed = self._is_developed(plugin)
        column.addWidget(label(f"{plugin['name']} {plugin['version']}".strip(), "heading"))
        if plugin.get("summary"):
            column.addWidget(label(plugin["summary"]))
        state = STATES.get(plugin.get("state", "on"), "")
        if developed:
            state = "It runs as it is in this session, and again whenever it is saved."
        elif plugin["name"] == OWN:
            state = "The program's own: found like any other, and always on."
        column.addWidget(label(state, "muted"))
        if plugin.get("path"):
            path = label(plugin["path"], "caption")
            path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(path)
        self._add_buttons(plugin, developed, column)

    def _is_developed(self, plugin: dict[str, Any]) -> bool:
        path = plugin.get("path")
        return bool(path) and any(str(p.resolve()) == path for p in self._desk.developed)

    def _add_buttons(self, plugin: dict[str, Any], developed: bool, column: QVBoxLayout) -> None:
        if not plugin["name"].startswith("file:") or not plugin.get("path"):
            return
        path, desk = Path(plugin["path"]), self._desk
        buttons: list[tuple[str, str, Any]] = []
        if plugin["state"] == "not trusted":
            buttons.append(("trust", "Let it run…", lambda: desk.ask_consent(path)))
        elif developed:
            buttons.append(("trust", "Agree to it for good…", lambda: desk.ask_consent(path)))
            buttons.append(("stop", "Stop developing", lambda: desk.stop_developing(path)))
        else:
            buttons.append(("revoke", "Take consent back", lambda: desk.revoke(path)))
        if not developed:
            buttons.append(("develop", "Develop", lambda: desk.develop(path)))
        if path.suffix == ".py":
            buttons.append(("edit", "Edit", lambda: desk.edit(path)))
        row = QHBoxLayout()
        row.setSpacing(8)
        for name, title, run in buttons:
            button = QPushButton(title)
            button.setObjectName(f"plugin.{name}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, run=run: run())
            row.addWidget(button)
        row.addStretch(1)
        column.addSpacing(4)
        column.addLayout(row)

    def _list_offers(self, name: str, catalogue: dict[str, Any], column: QVBoxLayout) -> None:
        offers = offers_of(name, catalogue)
        if not offers:
            return
        column.addSpacing(8)
        column.addWidget(label("Offers", "caption"))
        kinds: dict[str, list[str]] = {}
        for kind, offered in offers:
            kinds.setdefault(kind, []).append(offered)
        for kind, names in kinds.items():
            column.addWidget(label(f"{kind}: {', '.join(names)}"))

    def _show_failure(self, failure: dict[str, Any], column: QVBoxLayout) -> None:
        column.addSpacing(8)
        column.addWidget(label(failure["hook"], "caption"))
        column.addWidget(label(failure["message"], "error"))
        if not failure.get("traceback"):
            return
        text = QPlainTextEdit(failure["traceback"].rstrip())
        text.setObjectName("plugin.traceback")
        text.setAccessibleName(f"Traceback of {failure['hook']}")
        text.setReadOnly(True)
        text.setFont(code_font())
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        lines = min(max(text.blockCount(), 3), _MOST_LINES) + 2
        text.setFixedHeight(lines * text.fontMetrics().lineSpacing())
        column.addWidget(text)
