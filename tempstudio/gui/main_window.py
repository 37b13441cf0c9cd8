"""The main window: puts the views together and lets them follow one studio."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QMainWindow, QTabWidget, QUndoView, QVBoxLayout, QWidget

from tempstudio.core.project import StrategyChoice
from tempstudio.gui import commands
from tempstudio.gui.actions import Actions
from tempstudio.gui.docks import SIDE, SMALL, Docks
from tempstudio.gui.files import Files
from tempstudio.gui.following import Following
from tempstudio.gui.help import Help
from tempstudio.gui.look import Look
from tempstudio.gui.studio import Studio, degrees_of
from tempstudio.gui.views.gauge_panel import GaugePanel
from tempstudio.gui.views.inspector import Inspector
from tempstudio.gui.views.log_panel import LogPanel
from tempstudio.gui.views.message_bar import MessageBar
from tempstudio.gui.views.model_tree import ModelTree
from tempstudio.gui.views.plugins_panel import PluginsPanel
from tempstudio.gui.views.runs_panel import RunsPanel
from tempstudio.gui.views.status_bar import StatusBar
from tempstudio.gui.views.strategy_form import StrategyForm
from tempstudio.gui.views.timeline_view import TimelineView
from tempstudio.gui.views.tool_bar import ToolBar
from tempstudio.gui.views.transport import Transport
from tempstudio.gui.views.wafer_view import WaferView
from tempstudio.storage.settings import Settings

SMALLEST = (1024, 640)


class MainWindow(QMainWindow):
    """Composition only: what views do stands in their modules, how they follow in `Following`."""

    shutting_down = Signal()

    def __init__(self, studio: Studio, look: Look, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setMinimumSize(*SMALLEST)
        self.resize(*SMALL)
        self.setAcceptDrops(True)
        self.studio, self.look, self.settings = studio, look, settings
        studio.setParent(self)
        self.files = Files(studio, settings, self)
        self.docks = Docks(self, settings)
        self.help = Help(self)
        self._build_centre()
        self.timeline = TimelineView(look.tokens)
        self.actions_ = Actions(self)
        for make in (commands.file_actions, commands.edit_actions, commands.view_actions,
                     commands.playback_actions, commands.run_actions, commands.help_actions):
            self.actions_.add(make(self))
        self._build_bars()
        self._build_docks()
        self.following = Following(self)
        self.docks.size_up()

    def _build_centre(self) -> None:
        tokens = self.look.tokens
        self.messages = MessageBar(tokens)
        self.wafer = WaferView()
        self.tabs = QTabWidget()
        self.tabs.setObjectName("centre")
        self.tabs.setDocumentMode(True)
        self.tabs.setTabBarAutoHide(True)
        self.tabs.addTab(self.wafer, "Wafer")
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.messages)
        column.addWidget(self.tabs, 1)
        self.setCentralWidget(centre)

    def _build_bars(self) -> None:
        tokens = self.look.tokens
        self.menus = self.actions_.fill_menu_bar(self.menuBar())
        self.toolbar = ToolBar(self.actions_, tokens, self)
        self.addToolBar(self.toolbar)
        self.status = StatusBar(tokens, self)
        self.setStatusBar(self.status)

    def _build_docks(self) -> None:
        tokens, studio = self.look.tokens, self.studio
        self.model, self.strategy, self.runs = ModelTree(), StrategyForm(), RunsPanel()
        self.left = QTabWidget()
        self.left.setObjectName("left")
        self.left.setDocumentMode(True)
        for view, title in ((self.model, "Model"), (self.strategy, "Strategy"),
                            (self.runs, "Runs")):
            self.left.addTab(view, title)
        self.gauges, self.inspector = GaugePanel(tokens), Inspector()
        bottom = QWidget()
        column = QVBoxLayout(bottom)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.transport = Transport(studio.playback, self.actions_)
        column.addWidget(self.transport)
        column.addWidget(self.timeline, 1)
        self.log, self.plugins = LogPanel(), PluginsPanel()
        self.history = QUndoView(studio.document.history)
        self.history.setObjectName("history")
        self.history.setEmptyLabel("As opened")
        add = self.docks.add
        add("left", "Model, strategy and runs", self.left, SIDE.LeftDockWidgetArea)
        add("gauges", "Gauges", self.gauges, SIDE.RightDockWidgetArea)
        add("inspector", "Inspector", self.inspector, SIDE.RightDockWidgetArea)
        add("timeline", "Timeline", bottom, SIDE.BottomDockWidgetArea)
        add("history", "History", self.history, SIDE.BottomDockWidgetArea, hidden=True)
        add("plugins", "Plugins", self.plugins, SIDE.BottomDockWidgetArea, hidden=True)
        add("log", "Log", self.log, SIDE.BottomDockWidgetArea, hidden=True)

    # What a person asks for

    def run(self) -> None:
        """Search with the chosen solver."""
        self.studio.run()

    def use_tool(self, tool: str) -> None:
        """Take a tool in hand."""
        self.following.use_tool(tool)

    def choose_theme(self, choice: str) -> None:
        """Light, dark, or as the system has it."""
        self.look.choose(choice)

    def choose_strategy(self, kind: str, name: str) -> None:
        """Another partitioner, mapper or solver."""
        self.following.choose_strategy(kind, StrategyChoice(name))

    def keep_run(self) -> None:
        """Keep the run on screen in the project."""
        self.following.keep_run()

    def copy_command(self) -> None:
        """Put the command that repeats this run headless on the clipboard."""
        from tempstudio.gui.command_line import command_of

        studio = self.studio
        current = studio.results.current if studio.results.is_fresh else None
        degrees = degrees_of(current.document) if current and not current.searched else None
        text = command_of(
            studio.project, studio.document.path, studio.document.is_clean, degrees
        )
        if text is None:
            studio.say(
                "Save the project first: its faults or its model cannot be given as flags.",
                "info", key="copy", choices=(("Save", self.files.save),),
            )
            return
        QGuiApplication.clipboard().setText(text)
        studio.say(f"Copied: {text}", "ok", key="copy", fleeting=True)

    def show_palette(self) -> None:
        """Find a command by a few of its letters."""
        self.help.show_palette()

    def show_shortcuts(self) -> None:
        """All shortcuts on one sheet."""
        self.help.show_shortcuts()

    def explain_focus(self) -> None:
        """Explain what is under the pointer or in focus."""
        self.help.explain_here()

    def show_about(self) -> None:
        """Which program this is."""
        self.help.show_about()

    def show_start(self) -> None:
        """The first steps."""
        self.help.show_start()

    # The window itself

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape that no view wanted: back to Select, then let go of the selection."""
        if event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.wafer.tool != "select":
            self.actions_["tool.select"].trigger()
        else:
            self.studio.selection.clear()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.docks.give_way()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self.files.drop(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.studio.document.is_clean:
            self.shut_down()
            event.accept()
        else:
            event.ignore()
            self.files.guard(self._close_unsaved)

    def _close_unsaved(self) -> None:
        self.shut_down()
        QMainWindow.closeEvent(self, QCloseEvent())
        self.hide()
        self.deleteLater()
        QGuiApplication.quit()

    def shut_down(self) -> None:
        """Keep the layout, end clock and workers."""
        self.docks.store()
        self.shutting_down.emit()
        self.studio.close()


