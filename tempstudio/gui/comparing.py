"""Connects the Compare tab with the studio: which runs stand there, and the clock they share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from tempstudio.core.project import KeptRun, Project
from tempstudio.gui.contenders import (
    CURRENT,
    Contender,
    Row,
    current_contender,
    kept_contender,
    row_contender,
    row_key,
)
from tempstudio.gui.edits import with_run
from tempstudio.gui.job import result_from
from tempstudio.gui.results import Result
from tempstudio.gui.strategy_search import Pair, StrategySearch
from tempstudio.gui.views.compare_panel import LETTERS, ComparePanel
from tempstudio.gui.views.runs_panel import free_name
from tempstudio.scene.difference import difference
from tempstudio.scene.memory_scale import memory_top
from tempstudio.scene.verdict import Verdict, verdict
from tempstudio.storage.kept_runs import kept_run
from tempstudio.storage.project_document import project_to_document

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow
    from tempstudio.lanes import Message

MOST_PLAYED = 12
ALONE = Verdict(
    None,
    "Nothing to compare yet",
    "Keep a run (Ctrl+K), or compare all strategies, to set it beside the one on screen.",
)
NOTHING = "The next run that you keep can be set here."


class Comparing(QObject):
    """The Compare tab of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._studio = studio = window.studio
        self._chosen: list[str] = [CURRENT, ""]
        self._mode = "share"
        self._visible = False
        self._kept: dict[KeptRun, Contender] = {}
        self._played: dict[str, Result] = {}
        self._mapped: tuple[Result | None, Result | None] | None = None
        self._awaited: dict[int, str] = {}  # keys of runs to come, by their places
        self._asked: dict[str, str] = {}  # what is on its way; "" or why it will not come
        self.panel = ComparePanel(window.look.tokens)
        self.panel.set_pane_count(2)
        self.search = StrategySearch(studio, self)
        panel, search = self.panel, self.search
        panel.pane_chosen.connect(self.choose)
        panel.pane_closed.connect(self.close_pane)
        panel.pane_added.connect(self.add_pane)
        panel.clock_changed.connect(self.set_clock)
        panel.shown_changed.connect(self._show)
        panel.strategies.compare_asked.connect(lambda: search.start())
        panel.strategies.cancel_asked.connect(search.cancel)
        panel.strategies.chosen.connect(self.choose_row)
        panel.strategies.keep_asked.connect(self.keep_row)
        window.runs.compare_asked.connect(self.show_kept)
        panel.strategies.chart.failed.connect(lambda line: studio.say(line, "error", key="save"))
        search.changed.connect(self._follow_rows)
        studio.project_shown.connect(self._follow_project)
        studio.result_shown.connect(lambda _: self.refresh())
        studio.results.freshness_changed.connect(lambda _: self.refresh())
        studio.playback.moved.connect(lambda _: self._move())
        window.look.changed.connect(panel.set_theme)
        self._follow_rows()

    # What can be chosen

    def contenders(self) -> dict[str, Contender]:
        """Everything that can be set side by side, by key."""
        studio, found = self._studio, []
        if studio.results.current is not None:
            found.append(current_contender(studio.results.current))
        found += [self._kept_contender(run) for run in studio.project.runs]
        found += [row_contender(row) for row in self.search.rows if not row.error]
        return {contender.key: contender for contender in found}

    def _kept_contender(self, run: KeptRun) -> Contender:
        known = self._kept.get(run)
        if known is None:
            known = self._kept[run] = kept_contender(run, self._studio.project)
        return known

    def choose(self, letter: str, key: str) -> None:
        """Put a run in a pane."""
        self._awaited.clear()
        self._chosen[LETTERS.index(letter)] = key
        self.refresh()

    def show_kept(self, name: str) -> None:
        """Set a kept run beside the one on screen."""
        self._chosen[:2] = [CURRENT, f"kept:{name}"]
        self._window.tabs.setCurrentWidget(self.panel)
        self.refresh()

    def choose_row(self, row: Row) -> None:
        """Put a strategy beside the first run."""
        if not row.error:
            self.choose("B", row_contender(row).key)

    def search_beside(self, rival: Pair, own: Pair | None) -> None:
        """Plan a strategy, and set it beside the project's own: the run on screen where `own` is
        None, else one planned by the same solver."""
        self._chosen[:2] = [CURRENT, ""]
        self._awaited = {0: row_key(own)} if own is not None else {}
        self._awaited[1] = row_key(rival)
        self.search.start((own, rival) if own is not None else (rival,))

    def add_pane(self) -> None:
        """One more run side by side."""
        offers = [key for key in self.contenders() if key not in self._chosen]
        self._chosen.append(offers[0] if offers else "")
        self.panel.set_pane_count(len(self._chosen))
        self.refresh()
        # The panes have their places once the event loop has laid them out.
        QTimer.singleShot(0, self.panel, lambda: self.panel.show_pane(-1))

    def close_pane(self, letter: str) -> None:
        """One run less; those behind it move up."""
        del self._chosen[LETTERS.index(letter)]
        self.panel.set_pane_count(len(self._chosen))
        self.refresh()

    def set_clock(self, mode: str) -> None:
        """Keep the runs at the same share of the step, or at the same time."""
        self._mode = mode
        self.panel.set_clock(mode)
        self._move()

    def keep_row(self, row: Row) -> None:
        """Keep a strategy's run in the project; it can be undone."""
        studio = self._studio
        fingerprint = row.project.fingerprint
        name = free_name(row.name, fingerprint, row.plan, studio.project.runs)
        run = kept_run(name, row.project, row.document, row.plan)
        studio.edit(lambda project: with_run(project, run), f"Keep run {name}")

    # Following

    def _show(self, visible: bool) -> None:
        self._visible = visible
        if visible:
            self.refresh()

    def _follow_project(self, project: Project) -> None:
        self._kept = {run: known for run, known in self._kept.items() if run in project.runs}
        if any(known.project is None for known in self._kept.values()):
            self._kept.clear()  # another model may bring them back
        self.search.follow(project)
        self.refresh()

    def _follow_rows(self) -> None:
        search = self.search
        self.panel.strategies.set_rows(search.rows, search.running, search.words())
        self._seat_awaited()
        self.refresh()

    def _seat_awaited(self) -> None:
        """Runs that were waited for take their places, seen or not; the end is the end of that."""
        planned = {row_contender(row).key for row in self.search.rows if not row.error}
        for place in [place for place, key in self._awaited.items() if key in planned]:
            self._chosen[place] = self._awaited.pop(place)
        if not self.search.running:
            self._awaited.clear()

    def refresh(self) -> None:
        """Fill the panes, say who wins, draw what differs."""
        if not self._visible:
            return
        found = self.contenders()
        self._settle(found)
        stale = self._studio.results.freshness.ribbon
        offers = [(c.key, _offer_name(c, stale)) for c in found.values()]
        self.panel.set_offers(offers, self._chosen)
        for pane, key in zip(self.panel.panes, self._chosen, strict=True):
            contender = found.get(key)
            result = self._result_of(contender) if contender is not None else None
            if result is not None:
                pane.show_result(result)
            elif contender is None:
                pane.show_message(NOTHING if len(found) < 2 else "Choose a run to set here.")
            else:
                pane.show_message(contender.why or self._asked.get(self._name_of(contender))
                                  or "Playing it again…")  # fmt: skip
        tops = [memory_top(pane.result.timeline) for pane in self.panel.panes if pane.result]
        for pane in self.panel.panes:
            pane.canvas.set_memory_top(max(tops, default=1.0))  # one scale for all of them
        self._judge(found)
        self._map(found)
        self._move()

    def _settle(self, found: dict[str, Contender]) -> None:
        """Keys that are gone make room for runs that are there."""
        for place, key in enumerate(self._chosen):
            if key not in found:
                taken = set(self._chosen)
                left = [other for other in found if other not in taken]
                self._chosen[place] = left[0] if left else ""

    def _judge(self, found: dict[str, Contender]) -> None:
        """The winner beside the next best; of two, the two."""
        shown = [
            (letter, found[key].document)
            for letter, key in zip(LETTERS, self._chosen, strict=False)
            if key in found and "step_time_s" in found[key].document
        ]
        if len(shown) < 2:
            self.panel.set_verdict(ALONE)
            return
        if len(shown) > 2:
            shown = sorted(shown, key=lambda s: (not s[1]["fits"], s[1]["step_time_s"]))[:2]
        (a, first), (b, second) = shown
        self.panel.set_verdict(verdict((a, b), first, second))

    def _map(self, found: dict[str, Contender]) -> None:
        view = self.panel.difference
        results = [
            self._result_of(found[key]) if key in found else None for key in self._chosen[:2]
        ]
        first, second = results
        if self._mapped == (first, second):
            return
        self._mapped = (first, second)
        if first is None or second is None:
            view.show_message("What differs between A and B is drawn here.")
            return
        known = difference(
            (first.project.machine, first.timeline), (second.project.machine, second.timeline)
        )
        if known is None:
            view.show_message("A and B run on meshes of different shapes.")
        else:
            view.show_difference(known)

    # Playing

    def _move(self) -> None:
        """Show every run at the moment that the one clock says."""
        if not self._visible:
            return
        playback = self._studio.playback
        if playback.timeline is None or not playback.timeline.duration_s:
            return
        share = playback.time_s / playback.timeline.duration_s
        for pane in self.panel.panes:
            if pane.timeline is not None:
                shared = self._mode == "share"
                pane.set_time(share * pane.timeline.duration_s if shared else playback.time_s)

    def _name_of(self, contender: Contender) -> str:
        """What makes a run that run, whatever it is called."""
        assert contender.project is not None or contender.why
        fingerprint = contender.project.fingerprint if contender.project is not None else ""
        return fingerprint + json.dumps(contender.plan, sort_keys=True)

    def _result_of(self, contender: Contender) -> Result | None:
        """The run with its timeline; asked of a worker where it is not here."""
        current = self._studio.results.current
        if contender.key == CURRENT:
            return current
        if contender.project is None:
            return None
        name = self._name_of(contender)
        if name not in self._played and name not in self._asked:
            self._ask(contender, name)
        return self._played.get(name)

    def _ask(self, contender: Contender, name: str) -> None:
        project = contender.project
        assert project is not None
        self._asked[name] = ""

        def take(message: Message) -> None:
            if message.type == "plan":
                self._played[name] = result_from(message, project)
                while len(self._played) > MOST_PLAYED:
                    del self._played[next(iter(self._played))]
            elif message.type == "done":
                self._asked.pop(name, None)
                self.refresh()
            elif message.header["kind"] == "cancelled":
                self._asked.pop(name, None)
            else:
                self._asked[name] = message.header["message"]
                self.refresh()

        document = {**project_to_document(project)}
        document.pop("runs", None)
        header: dict[str, Any] = {"project": document, "plan": contender.plan}
        self._studio.jobs.ask("replay", header, f"Playing {contender.name} again", take)


def _offer_name(contender: Contender, stale: str) -> str:
    """What it is called where one chooses; a run that is from before an edit says so."""
    now = f"{stale}: ".capitalize() if stale else "On screen: "
    prefix = {"current": now, "kept": "Kept: "}.get(contender.key.split(":")[0], "")
    return prefix + contender.name
