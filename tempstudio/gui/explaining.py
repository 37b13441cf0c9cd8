"""Connects the Explain panel with the studio: told of the run on screen while it can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from tempstudio.core.explanation import explanation, fullest_link, link_document
from tempstudio.gui.places import link_pairs
from tempstudio.gui.results import Result
from tempstudio.gui.selection import Chosen
from tempstudio.gui.views.explain_panel import ExplainPanel

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow


class Explaining(QObject):
    """The Explain dock of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._studio = studio = window.studio
        self._told: Result | None = None
        self.panel = ExplainPanel(window.look.tokens)
        self._soon = QTimer(self)  # once for whatever changes in one turn of the event loop
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.refresh)
        self.panel.operator_chosen.connect(studio.selection.select_operator)
        self.panel.chart.failed.connect(lambda line: studio.say(line, "error", key="save"))
        self.panel.run_asked.connect(studio.run)
        studio.result_shown.connect(lambda _: self._soon.start())
        studio.results.freshness_changed.connect(lambda _: self._soon.start())
        studio.selection.changed.connect(self._select)
        window.docks.visibility_changed.connect(self._follow_dock)
        window.look.changed.connect(self.panel.set_theme)

    def refresh(self) -> None:
        """Tell of the run on screen, where the panel can be seen."""
        if not self._window.docks["explain"].isVisible():
            return
        results = self._studio.results
        result = results.current if results.is_fresh else None
        if result is not self._told:
            self._told = result
            if result is None:
                self.panel.show_explanation(None, None)
            else:
                told = explanation(result.timeline, result.document)
                self.panel.show_explanation(told, result.project.machine)
        self._select(self._studio.selection.chosen)

    def _select(self, chosen: Chosen) -> None:
        result = self._told
        if result is None or not self._window.docks["explain"].isVisible():
            return
        self.panel.set_operator(chosen.operator)
        pairs = link_pairs(result.timeline)
        link = fullest_link(result.timeline)
        if chosen.links and chosen.links[-1] in pairs:
            link = pairs.index(chosen.links[-1])
        told = link_document(result.timeline, result.document, link)
        self.panel.show_link(told, result.project.machine)

    def _follow_dock(self, name: str, on: bool) -> None:
        if name == "explain" and on:
            self._soon.start()
