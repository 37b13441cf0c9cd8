"""Connects the Search tab with the studio: a search is watched, a candidate is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from tempstudio.core.project import Project
from tempstudio.gui.job import Job
from tempstudio.gui.results import Result
from tempstudio.gui.search_log import Candidate, SearchLog
from tempstudio.gui.views.search_panel import SearchPanel
from tempstudio.scene.plan_words import genome_words

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow


class Searching(QObject):
    """The Search tab of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._studio = studio = window.studio
        self.log = SearchLog(self)
        self.panel = SearchPanel(self.log, window.look.tokens)
        self.panel.plan_asked.connect(self.load)
        self.panel.run_asked.connect(studio.run)
        for chart in (self.panel.trace, self.panel.mapper, self.panel.scatter):
            chart.failed.connect(lambda line: studio.say(line, "error", key="save"))
        studio.jobs.search_began.connect(self.log.begin)
        studio.jobs.searched.connect(self.log.see)
        studio.jobs.planned.connect(self._take)
        studio.jobs.ended.connect(self._end)
        studio.jobs.refused.connect(self._refuse)
        studio.jobs.job_changed.connect(self._follow)
        studio.result_shown.connect(self._show_current)
        window.look.changed.connect(self.panel.set_theme)

    def load(self, candidate: Candidate) -> None:
        """Build and simulate a candidate on the live lane and show it on the wafer."""
        studio, log = self._studio, self.log
        if log.project is None or log.project.fingerprint != studio.project.fingerprint:
            studio.say(
                "The project was edited since this search; run it again to load its plans.",
                "info",
                key="candidate",
                choices=(("Run", studio.run),),
            )
            return
        studio.jobs.load(studio.project, candidate.genome)
        studio.say(
            f"Loading {genome_words(candidate.genome)}",
            "info",
            key="candidate",
            fleeting=True,
            choices=(("Show the wafer", self._show_wafer),),
        )

    def _show_wafer(self) -> None:
        self._window.tabs.setCurrentWidget(self._window.wafer)

    def _take(self, result: Result, final: bool) -> None:
        self.log.take(result)

    def _end(self, kind: str, project: Project, header: dict[str, Any]) -> None:
        if kind == "search":
            self.log.end(header.get("document"))

    def _refuse(self, kind: str, project: Project, header: dict[str, Any]) -> None:
        if kind == "search":
            self.log.end()

    def _follow(self, job: Job | None) -> None:
        if self.log.running and not self._studio.jobs.is_searching:
            self.log.end()

    def _show_current(self, result: Result | None) -> None:
        self.panel.set_current(result.document if result is not None else None)
