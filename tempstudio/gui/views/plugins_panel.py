"""The plugins that were found, and what went wrong with any of them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget


class PluginsPanel(QTreeWidget):
    """One row a plugin, its failures below it; the tooltip of a failure is its traceback."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plugins")
        self.setAccessibleName("Plugins")
        self.setHeaderLabels(["Plugin", "Version", "State"])
        self.setUniformRowHeights(True)
        self.setStyleSheet("QTreeView::item { min-height: 24px; padding-right: 8px; }")
        header = self.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self._crashed: list[dict[str, Any]] = []
        self._catalogue: dict[str, Any] = {"plugins": [], "failures": []}

    @property
    def failures(self) -> int:
        """How many hooks of plugins failed."""
        return len(self._catalogue["failures"]) + len(self._crashed)

    def set_catalogue(self, catalogue: dict[str, Any]) -> None:
        """Show what a worker found."""
        self._catalogue = catalogue
        self._fill()

    def add_crash(self, header: dict[str, Any]) -> None:
        """A plugin took a worker down while it was loaded."""
        self._crashed.append(header)
        self._fill()

    def _fill(self) -> None:
        self.clear()
        rows: dict[str, QTreeWidgetItem] = {}
        for plugin in self._catalogue["plugins"]:
            mark = " (example)" if plugin.get("example") else ""
            rows[plugin["name"]] = QTreeWidgetItem(
                [plugin["name"] + mark, plugin["version"], plugin.get("state", "")]
            )
            rows[plugin["name"]].setToolTip(0, plugin.get("summary", ""))
            self.addTopLevelItem(rows[plugin["name"]])
        for failure in (*self._catalogue["failures"], *self._crashed):
            row = rows.get(failure["plugin"])
            if row is None:
                row = rows[failure["plugin"]] = QTreeWidgetItem([failure["plugin"], "", "failed"])
                self.addTopLevelItem(row)
            child = QTreeWidgetItem([failure["hook"], "", failure["message"]])
            child.setToolTip(2, failure.get("traceback", ""))
            child.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            row.addChild(child)
        self.expandAll()
