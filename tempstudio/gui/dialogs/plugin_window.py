"""The plugins that were found: which are on, what each offers, and what went wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from tempstudio.gui.views.plugin_details import PluginDetails

if TYPE_CHECKING:
    from tempstudio.gui.plugin_desk import PluginDesk

OWN = "tempstudio"
NAME = Qt.ItemDataRole.UserRole
EMPTY: dict[str, Any] = {"plugins": [], "failures": [], "kinds": {}, "machines": [], "samples": []}
LEFT_OUT = "load"  # the hook under which the host lists what broke an earlier worker
TROUBLE = ("failed", "not trusted")


class PluginWindow(QDialog):
    """A list with a check box for each plugin, and beside it all about the chosen one.

    `failed` when another failure is to be counted.
    """

    failed = Signal()

    def __init__(self, desk: PluginDesk, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("plugins")
        self.setWindowTitle("Plugins")
        self.resize(940, 600)
        self._desk = desk
        self._catalogue: dict[str, Any] = EMPTY
        self._faults: list[dict[str, Any]] = []
        self.tree = self._make_tree()
        self.details = PluginDetails(desk, self)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(self.tree)
        split.addWidget(self.details)
        split.setSizes([410, 530])
        split.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(split, 1)
        column.addLayout(self._make_buttons())

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget(self)
        tree.setObjectName("plugins.list")
        tree.setAccessibleName("Plugins")
        tree.setHeaderLabels(["Plugin", "Version", "State"])
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setStyleSheet("QTreeView::item { padding: 0 5px; }")  # as far in as the headings
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        tree.itemChanged.connect(self._switch)
        tree.currentItemChanged.connect(lambda *_: self._show_chosen())
        return tree

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(12, 12, 12, 12)
        row.setSpacing(8)
        for name, title, run in (
            ("new", "New strategy", lambda: self._desk.new_plugin("mapper")),
            ("develop", "Develop a plugin…", self._desk.ask_develop),
            ("folder", "Open the plugins folder", self._desk.open_folder),
            ("reload", "Reload", self._desk.reload),
        ):
            button = QPushButton(title, self)
            button.setObjectName(f"plugins.{name}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, run=run: run())
            row.addWidget(button)
        row.addStretch(1)
        close = QPushButton("Close", self)
        close.setObjectName("plugins.close")
        close.setDefault(True)
        close.clicked.connect(self.close)
        row.addWidget(close)
        return row

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Whatever failed: while plugins were loaded, and in runs since."""
        told = {fault["plugin"] for fault in self._faults if fault["crash"]}
        loaded = [
            failure
            for failure in self._catalogue["failures"]
            if failure["hook"] != LEFT_OUT or failure["plugin"] not in told
        ]
        return [*loaded, *self._faults]

    def set_catalogue(self, catalogue: dict[str, Any]) -> None:
        """Show what a worker found.  Faults of plugins that were loaded anew are forgotten."""
        self._catalogue = {**EMPTY, **catalogue}
        out = {f["plugin"] for f in catalogue["failures"] if f["hook"] == LEFT_OUT}
        self._faults = [f for f in self._faults if f["crash"] and f["plugin"] in out]
        self.refresh()

    def add_fault(self, header: dict[str, Any], crash: bool = False) -> None:
        """A plugin failed: it took a worker down while it was loaded (`crash`), or broke a run.

        Both lanes' workers load it, so both may crash: that is told once.
        """
        keys = ("plugin", "hook", "message", "traceback")
        fault = {**{key: header.get(key, "") for key in keys}, "crash": crash}
        crashed = {known["plugin"] for known in self._faults if known["crash"]}
        if fault not in self._faults and not (crash and fault["plugin"] in crashed):
            self._faults.append(fault)
        self.refresh()
        self.failed.emit()

    def choose(self, plugin: str) -> None:
        """Show one plugin."""
        for item in self._items():
            if item.data(0, NAME) == plugin:
                self.tree.setCurrentItem(item)

    def _items(self) -> list[QTreeWidgetItem]:
        items = (self.tree.topLevelItem(row) for row in range(self.tree.topLevelItemCount()))
        return [item for item in items if item is not None]

    def _plugins(self) -> list[dict[str, Any]]:
        """Those of the catalogue, and those that are known by their failure only."""
        listed = {plugin["name"]: plugin for plugin in self._catalogue["plugins"]}
        for failure in self.failures:
            bare = {"name": failure["plugin"], "version": "", "state": "failed"}
            listed.setdefault(failure["plugin"], bare)
        return list(listed.values())

    def refresh(self) -> None:
        """Fill the list anew, in the theme's colours."""
        current = self.tree.currentItem()
        chosen = current.data(0, NAME) if current is not None else OWN
        with QSignalBlocker(self.tree):
            self.tree.clear()
            for plugin in self._plugins():
                self.tree.addTopLevelItem(self._row(plugin))
        self.choose(chosen)
        if self.tree.currentItem() is None and self._items():
            self.tree.setCurrentItem(self._items()[0])
        self._show_chosen()

    def _row(self, plugin: dict[str, Any]) -> QTreeWidgetItem:
        broken = [f for f in self.failures if f["plugin"] == plugin["name"]]
        state = plugin.get("state", "on")
        if broken and state == "on":
            state = "on, with errors"
        mark = ", example" if plugin.get("example") else ""
        row = QTreeWidgetItem([plugin["name"], plugin["version"], state + mark])
        row.setData(0, NAME, plugin["name"])
        row.setToolTip(0, plugin.get("summary", "") or plugin.get("path", ""))
        if broken or state in TROUBLE:
            tokens = self._desk.tokens
            ink = tokens.error if broken or state == "failed" else tokens.warning
            row.setForeground(2, QBrush(QColor(ink)))
        if plugin["name"] != OWN and state != "not trusted":
            row.setFlags(row.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            off = state == "disabled"
            row.setCheckState(0, Qt.CheckState.Unchecked if off else Qt.CheckState.Checked)
        return row

    def _switch(self, item: QTreeWidgetItem, column: int) -> None:
        if column == 0:
            self._desk.set_enabled(item.data(0, NAME), item.checkState(0) == Qt.CheckState.Checked)

    def _show_chosen(self) -> None:
        item = self.tree.currentItem()
        name = item.data(0, NAME) if item is not None else ""
        plugin = next((p for p in self._plugins() if p["name"] == name), None)
        failures = [failure for failure in self.failures if failure["plugin"] == name]
        self.details.show_plugin(plugin, self._catalogue, failures)
