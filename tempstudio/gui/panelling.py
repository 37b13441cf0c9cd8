"""Shows the panels of plugins: each figure is computed in a worker, drawn by the studio."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QLabel, QTabWidget

from tempstudio.core.project import Project
from tempstudio.gui.results import Result
from tempstudio.gui.views.figure_view import FigureView
from tempstudio.storage.project_document import project_to_document

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow
    from tempstudio.lanes import Message

SETTLE_MS = 120  # a figure is asked for when what it shows has held still for so long
PLAYING_MS = 700  # while the clock runs, at most so often
DOCK = "panels"
NONE = "No plugin offers a panel. Plugins > New plugin > New panel writes one to begin from."


class Panelling(QObject):
    """The dock with one tab for each panel that plugins offer."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._studio = studio = window.studio
        self._offers: list[dict[str, Any]] = []
        self._shown: dict[str, tuple[object, ...]] = {}  # what each panel's figure was asked for
        self._asked: str = ""
        self._document: tuple[Project, dict[str, Any]] | None = None
        self.views: dict[str, FigureView] = {}
        self.tabs = QTabWidget()
        self.tabs.setObjectName("panels")
        self.tabs.setDocumentMode(True)
        self.empty = QLabel(NONE)
        self.empty.setProperty("role", "muted")
        self.empty.setContentsMargins(12, 12, 12, 12)
        self.empty.setWordWrap(True)
        self.tabs.addTab(self.empty, "Panels")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.refresh)
        self.tabs.currentChanged.connect(lambda _: self._wish(0))
        studio.jobs.catalogue_changed.connect(self._take_catalogue)
        studio.result_shown.connect(lambda _: self._wish())
        studio.results.freshness_changed.connect(lambda _: self._wish())
        studio.selection.changed.connect(lambda _: self._wish())
        studio.playback.moved.connect(lambda _: self._wish())
        window.docks.visibility_changed.connect(lambda *_: self._wish(0))
        window.look.changed.connect(self._set_theme)
        if studio.catalogue is not None:
            self._take_catalogue(studio.catalogue)

    def _set_theme(self, tokens: Any) -> None:
        for view in self.views.values():
            view.set_theme(tokens)

    def _take_catalogue(self, catalogue: dict[str, Any]) -> None:
        offers = list(catalogue["kinds"].get("panel", ()))
        if offers == self._offers:
            return
        chosen = self.tabs.tabText(self.tabs.currentIndex())
        self._offers = offers
        self._shown.clear()
        while self.tabs.count():
            self.tabs.removeTab(0)
        for view in self.views.values():
            view.deleteLater()
        self.views = {}
        for offer in offers:
            view = FigureView(offer["name"], self._window.look.tokens)
            view.asked.connect(self._studio.run)
            view.failed.connect(lambda line: self._studio.say(line, "error", key="save"))
            self.views[offer["name"]] = view
            place = self.tabs.addTab(view, offer["title"])
            self.tabs.setTabToolTip(place, f"{offer['summary']}\nfrom {offer['plugin']}")
            if offer["title"] == chosen:
                self.tabs.setCurrentIndex(place)
        if not offers:
            self.tabs.addTab(self.empty, "Panels")
        self._wish(0)

    def _wish(self, wait_ms: int = SETTLE_MS) -> None:
        """Something changed: ask for the figure in a while, if it can be seen."""
        if not self._window.docks[DOCK].isVisible():
            return
        playing = self._studio.playback.is_playing
        if playing and self._soon.isActive():
            return
        self._soon.start(PLAYING_MS if playing else wait_ms)

    def refresh(self) -> None:
        """Ask for the figure in front, unless it is there or on its way."""
        view = self.tabs.currentWidget()
        if not isinstance(view, FigureView) or not self._window.docks[DOCK].isVisible():
            return
        name = next(name for name, known in self.views.items() if known is view)
        results = self._studio.results
        if results.current is None or not results.is_fresh:
            self._shown.pop(name, None)
            if results.current is None:
                view.show_message("The figure appears with the first run.", "Run")
            return
        chosen = self._studio.selection.chosen
        time_s = self._studio.playback.time_s
        wanted = (results.current, time_s, chosen)
        if self._shown.get(name) == wanted or self._asked:
            return
        self._shown[name] = wanted
        selection = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in dataclasses.asdict(chosen).items()
        }
        self._ask(name, results.current, time_s, selection)

    def _ask(self, name: str, result: Result, time_s: float, selection: dict[str, Any]) -> None:
        self._asked = name

        def take(message: Message) -> None:
            if not message.ends:
                return
            self._asked = ""
            view = self.views.get(name)
            if view is not None and message.type == "done":
                view.show_figure(message.header["figure"])
            elif view is not None and message.header["kind"] != "cancelled":
                view.show_message(message.header["message"])
                if message.header.get("traceback"):
                    self._window.log.add(message.header["traceback"])
            self._wish(0)  # it may have changed meanwhile

        header = {
            "panel": name,
            "time_s": time_s,
            "selection": selection,
            "project": self._project_document(result.project),
            "plan": result.plan,
        }
        title = next(offer["title"] for offer in self._offers if offer["name"] == name)
        self._studio.jobs.ask("figure", header, f"Drawing {title}", take)

    def _project_document(self, project: Project) -> dict[str, Any]:
        """The project as it crosses, made once for each."""
        if self._document is None or self._document[0] is not project:
            document = project_to_document(project)
            document.pop("runs", None)
            self._document = (project, document)
        return self._document[1]
