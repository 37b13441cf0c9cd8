"""The main window: chrome and the wafer's dies first, all that takes loading in `furnish`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QMainWindow, QTabWidget, QVBoxLayout, QWidget

from tempstudio.gui.actions import Actions
from tempstudio.gui.commands import ACTIONS
from tempstudio.gui.docks import SIDE, SMALL, Docks
from tempstudio.gui.focus_order import give_bar_focus
from tempstudio.gui.look import Look
from tempstudio.gui.peek import Mesh
from tempstudio.gui.views.first_look import FirstLook
from tempstudio.gui.views.tool_bar import SHOWN, ToolBar
from tempstudio.gui.zoom import Zoom

if TYPE_CHECKING:  # the first paint waits for what is imported here
    from PySide6.QtWidgets import QUndoView

    from tempstudio.gui.comparing import Comparing
    from tempstudio.gui.disk_watch import DiskWatch
    from tempstudio.gui.explaining import Explaining
    from tempstudio.gui.exports import Exports
    from tempstudio.gui.files import Files
    from tempstudio.gui.following import Following
    from tempstudio.gui.help import Help
    from tempstudio.gui.panelling import Panelling
    from tempstudio.gui.plugin_desk import PluginDesk
    from tempstudio.gui.requests import Requests
    from tempstudio.gui.searching import Searching
    from tempstudio.gui.studio import Studio
    from tempstudio.gui.sweeping import Sweeping
    from tempstudio.gui.views.gauge_panel import GaugePanel
    from tempstudio.gui.views.graph_view import GraphView
    from tempstudio.gui.views.inspector import Inspector
    from tempstudio.gui.views.log_panel import LogPanel
    from tempstudio.gui.views.machine_panel import MachinePanel
    from tempstudio.gui.views.message_bar import MessageBar
    from tempstudio.gui.views.model_tree import ModelTree
    from tempstudio.gui.views.runs_panel import RunsPanel
    from tempstudio.gui.views.status_bar import StatusBar
    from tempstudio.gui.views.strategy_form import StrategyForm
    from tempstudio.gui.views.timeline_view import TimelineView
    from tempstudio.gui.views.transport import Transport
    from tempstudio.gui.views.wafer_view import WaferView
    from tempstudio.gui.wafer_edits import WaferEdits
    from tempstudio.storage.settings import Settings

SMALLEST = (1024, 640)
LEAST_LEFT_PX = 224  # no dock that is shown elsewhere squeezes it
EXTRA_DOCKS = (
    ("explain", "Explain"),
    ("panels", "Panels"),
    ("history", "History"),
    ("log", "Log"),
)


class MainWindow(QMainWindow):
    """Composition only: what views do stands in their modules, how they follow in `Following`."""

    shutting_down = Signal()

    studio: Studio
    settings: Settings
    files: Files
    exports: Exports
    help: Help
    following: Following
    requests: Requests
    desk: PluginDesk
    searching: Searching
    panelling: Panelling
    sweeping: Sweeping
    disk: DiskWatch
    comparing: Comparing
    explaining: Explaining
    status: StatusBar
    messages: MessageBar
    wafer: WaferView
    wafer_edits: WaferEdits
    graph: GraphView
    model: ModelTree
    strategy: StrategyForm
    runs: RunsPanel
    machine: MachinePanel
    gauges: GaugePanel
    inspector: Inspector
    timeline: TimelineView
    transport: Transport
    history: QUndoView
    log: LogPanel

    def __init__(self, look: Look, mesh: Mesh | None, state: dict[str, object]) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle("TempStudio")
        self.setMinimumSize(*SMALLEST)
        self.resize(*SMALL)
        self.look = look
        self.zoom = Zoom(look.app, look)
        self.is_furnished = False
        self.actions_ = Actions(self)
        self.actions_.add(ACTIONS)
        self.actions_.set_theme(look.tokens, SHOWN)
        self.menus = self.actions_.fill_menu_bar(self.menuBar())
        self.toolbar = ToolBar(self.actions_, look.tokens, self)
        self.addToolBar(self.toolbar)
        self.statusBar().showMessage("Planning")
        self._build_centre(mesh)
        self._build_docks(state)

    def _build_centre(self, mesh: Mesh | None) -> None:
        self.first_look = FirstLook(mesh, self.look.tokens)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("centre")
        self.tabs.setDocumentMode(True)
        give_bar_focus(self.tabs)
        self.tabs.addTab(self.first_look, "Wafer")
        for title in ("Graph", "Compare", "Search"):
            self.tabs.addTab(QWidget(), title)
        self.first_look.setFocus()  # else the first button would seem to be chosen
        self.centre = QWidget(self)
        column = QVBoxLayout(self.centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs, 1)
        self.setCentralWidget(self.centre)

    def _build_docks(self, state: dict[str, object]) -> None:
        self.docks = Docks(self)
        self.left = QTabWidget()
        self.left.setObjectName("left")
        self.left.setDocumentMode(True)
        give_bar_focus(self.left)
        self.left.setMinimumWidth(LEAST_LEFT_PX)
        for title in ("Model", "Strategy", "Runs", "Machine"):
            self.left.addTab(QWidget(), title)
        add = self.docks.add
        add("left", "Model, strategy and runs", self.left, SIDE.LeftDockWidgetArea)
        add("gauges", "Gauges", QFrame(), SIDE.RightDockWidgetArea)
        add("inspector", "Inspector", QFrame(), SIDE.RightDockWidgetArea)
        add("timeline", "Timeline", QFrame(), SIDE.BottomDockWidgetArea)
        for name, title in EXTRA_DOCKS:
            add(name, title, QFrame(), SIDE.BottomDockWidgetArea, hidden=True)
        if not self.docks.restore(state):
            self.docks.size_up()

    def furnish(
        self,
        studio: Studio,
        settings: Settings,
        safe_mode: bool = False,
        develop: Sequence[Path] = (),
    ) -> None:
        """Put the views in; from now on the window follows the studio."""
        from tempstudio.gui.interior import furnish

        furnish(self, studio, settings, safe_mode, develop)
        self.is_furnished = True
        self.setAcceptDrops(True)

    # What a person asks for

    def use_tool(self, tool: str) -> None:
        """Take a tool in hand."""
        self.following.use_tool(tool)

    def show_tab(self, title: str) -> None:
        """Bring a tab of the centre to the front; its view takes the keys."""
        titles = [self.tabs.tabText(place) for place in range(self.tabs.count())]
        self.tabs.setCurrentIndex(titles.index(title))
        view = self.tabs.currentWidget()
        if view is not None:
            view.setFocus()

    def choose_theme(self, choice: str) -> None:
        """Light, dark, or as the system has it."""
        self.look.choose(choice)
        self.settings.set("theme", choice)

    def toggle_reduced_motion(self) -> None:
        """Arrowheads instead of moving chunks, or chunks again."""
        reduced = self.actions_["view.reduced_motion"].isChecked()
        self.settings.set("reduced_motion", reduced)
        self.wafer.set_reduced_motion(reduced)

    # The window itself

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape that no view wanted: back to Select, then let go of the selection."""
        if event.key() != Qt.Key.Key_Escape or not self.is_furnished:
            super().keyPressEvent(event)
        elif self.wafer.tool != "select":
            self.actions_["tool.select"].trigger()
        else:
            self.studio.selection.clear()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window has no room for the left dock."""
        super().resizeEvent(event)
        self.docks.give_way()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A project or a model is dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        from tempstudio.gui.sweeping import is_results

        if paths and is_results(paths[0]):
            self.sweeping.open(paths[0])
        else:
            self.files.drop(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask what becomes of unsaved work first."""
        if self.is_furnished and not self.desk.leave_editors():
            event.ignore()
            return
        if self.is_furnished and self.files.unsaved is not None:
            event.ignore()
            self.files.guard(self._close_for_good)
            return
        self.shut_down()
        event.accept()

    def _close_for_good(self) -> None:
        self.studio.document.history.setClean()
        self.close()

    def shut_down(self) -> None:
        """Keep the layout, end clock and workers."""
        if self.is_furnished:
            for key, value in self.docks.state().items():
                self.settings.set(key, value)
            self.shutting_down.emit()
            self.studio.close()
