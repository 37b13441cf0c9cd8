"""The views of a main window, put in once the window has been painted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

# The first np.unique or np.median loads it, for 30 ms of whatever handler that is.
import numpy.ma  # noqa: F401
from PySide6.QtWidgets import QMenu, QUndoView, QVBoxLayout, QWidget

from tempstudio.gui.comparing import Comparing
from tempstudio.gui.disk_watch import DiskWatch
from tempstudio.gui.explaining import Explaining
from tempstudio.gui.exports import ExporterLines, Exports
from tempstudio.gui.files import Files
from tempstudio.gui.focus_order import FocusInSight, order_focus
from tempstudio.gui.following import Following
from tempstudio.gui.graph_following import GraphFollowing
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
from tempstudio.gui.views.recent_menu import RecentMenu
from tempstudio.gui.views.runs_panel import RunsPanel
from tempstudio.gui.views.status_bar import StatusBar
from tempstudio.gui.views.strategy_form import StrategyForm
from tempstudio.gui.views.timeline_view import TimelineView
from tempstudio.gui.views.transport import Transport
from tempstudio.gui.views.wafer_view import WaferView
from tempstudio.gui.wafer_edits import WaferEdits
from tempstudio.storage.settings import Settings

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow


def furnish(
    window: MainWindow,
    studio: Studio,
    settings: Settings,
    safe_mode: bool = False,
    develop: Sequence[Path] = (),
) -> None:
    """Build every view, put it in its place and let it follow the studio."""
    tokens = window.look.tokens
    window.studio, window.settings = studio, settings
    studio.setParent(window)
    window.files = Files(studio, settings, window)
    window.exports = Exports(window)
    window.help = Help(window)
    window.actions_.set_theme(tokens)
    window.status = StatusBar(tokens, window)
    window.setStatusBar(window.status)
    _furnish_centre(window)
    _furnish_left(window)
    window.gauges, window.inspector = GaugePanel(tokens), Inspector()
    window.docks.fill("gauges", window.gauges)
    window.docks.fill("inspector", window.inspector)
    window.timeline = TimelineView(tokens)
    window.transport = Transport(studio.playback, window.actions_)
    window.docks.fill("timeline", _stacked(window.transport, window.timeline))
    window.history = QUndoView(studio.document.history)
    window.history.setObjectName("history")
    window.history.setEmptyLabel("As opened")
    window.history.setMinimumWidth(160)
    window.log = LogPanel()
    window.docks.fill("history", window.history)
    window.docks.fill("log", window.log)
    menu = window.menus["File"]
    menu.insertMenu(window.actions_["file.load_model"], RecentMenu(window.files, menu))
    export_menu = menu.findChild(QMenu, "menu.export")
    assert isinstance(export_menu, QMenu)
    ExporterLines(window.exports, export_menu)
    window.following = Following(window)
    window.requests = Requests(window)
    window.wafer_edits = WaferEdits(window)
    GraphFollowing(window)
    window.disk = DiskWatch(window)
    window.desk = PluginDesk(window, safe_mode, develop)
    window.comparing = Comparing(window)
    put_in_tab(window, "Compare", window.comparing.panel)
    window.explaining = Explaining(window)
    window.docks.fill("explain", window.explaining.panel)
    window.searching = Searching(window)
    window.sweeping = Sweeping(window)
    window.panelling = Panelling(window)
    window.docks.fill("panels", window.panelling.tabs)
    put_in_tab(window, "Search", window.searching.panel)
    FocusInSight(window, window.look.app)
    inspector = window.inspector
    order_focus((
        window.toolbar, window.left.tabBar(), window.model, window.strategy, window.runs,
        window.machine, window.tabs.tabBar(), window.wafer, window.graph,
        *window.comparing.panel.stops, window.searching.panel,
        window.transport, window.timeline, window.gauges,
        inspector.tabBar(), inspector.editor, inspector.text, inspector.dies, inspector.links,
    ))  # fmt: skip


def _furnish_centre(window: MainWindow) -> None:
    window.messages = MessageBar(window.look.tokens, window.centre)
    window.wafer = WaferView()
    window.wafer.set_theme(window.look.tokens)
    window.wafer.set_project(window.studio.project.machine)
    window.wafer.set_message("Planning")
    window.wafer.set_reduced_motion(window.settings.get("reduced_motion", False))
    window.tabs.insertTab(0, window.wafer, "Wafer")
    window.tabs.setCurrentIndex(0)
    window.tabs.removeTab(1)
    window.first_look.deleteLater()
    window.graph = GraphView(window.look.tokens)
    put_in_tab(window, "Graph", window.graph)


def put_in_tab(window: MainWindow, title: str, view: QWidget) -> None:
    """A view in the place of the empty page that held its tab."""
    titles = [window.tabs.tabText(place) for place in range(window.tabs.count())]
    place, shown = titles.index(title), window.tabs.currentIndex()
    page = window.tabs.widget(place)
    window.tabs.removeTab(place)
    window.tabs.insertTab(place, view, title)
    window.tabs.setCurrentIndex(shown)
    if page is not None:
        page.deleteLater()


def _furnish_left(window: MainWindow) -> None:
    window.model, window.strategy, window.runs = ModelTree(), StrategyForm(), RunsPanel()
    window.machine = MachinePanel(window.look.tokens)
    views = (window.model, window.strategy, window.runs, window.machine)
    for place, view in enumerate(views):
        page = window.left.widget(place)
        assert page is not None
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(view)


def _stacked(top: QWidget, rest: QWidget) -> QWidget:
    both = QWidget()
    column = QVBoxLayout(both)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(top)
    column.addWidget(rest, 1)
    return both
