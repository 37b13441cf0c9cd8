"""What the window does, without the window: project, selection, clock, runs and jobs in step."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from tempstudio.core.decisions import Decisions
from tempstudio.core.errors import InputError
from tempstudio.core.project import Project
from tempstudio.core.timeline import MEMORY_KINDS
from tempstudio.core.topology import topology_of
from tempstudio.gui.decided import decisions_in, first_guess
from tempstudio.gui.document import Document
from tempstudio.gui.jobs import Jobs
from tempstudio.gui.places import die_name
from tempstudio.gui.playback import Playback
from tempstudio.gui.results import Result, Results
from tempstudio.gui.search_log import beats
from tempstudio.gui.selection import Selection
from tempstudio.gui.views.message_bar import Message
from tempstudio.scene.format import byte_count, change, seconds

if TYPE_CHECKING:
    from tempstudio.lanes import WorkerSettings

DEBOUNCE_MS = 150  # an edit is planned again this long after the last keystroke

Edited = Callable[[Project], Project]


class Studio(QObject):
    """One open project and everything that follows from it.

    `said` carries a `Message` for the person.
    """

    said = Signal(object)
    project_shown = Signal(object)  # before anything of its run
    result_shown = Signal(object)  # before the clock gets its timeline
    live_changed = Signal(bool)

    def __init__(self, project: Project, path: Path | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = Document(project, path, self)
        self.selection = Selection(self)
        self.playback = Playback(self)
        self.results = Results(self)
        self.jobs = Jobs(self)
        self.catalogue: dict[str, Any] | None = None
        self.lacks_strategy = ""  # which of the project's no plugin offers; a banner says so
        self._afresh = False  # the run on screen is of other plugins than those there now
        self._live = True
        self._plays_on = True  # go on playing when the next run is there
        self._share = 0.0  # where in the step the last run was shown
        self._saved: Decisions | None = None  # of the plan in the file
        self._opened = project  # as it was then
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(DEBOUNCE_MS)
        self._soon.timeout.connect(self.replan)
        self.document.project_changed.connect(self._follow)
        self.results.changed.connect(self._show_result)
        self.jobs.planned.connect(self._take)
        self.jobs.refused.connect(self._take_refusal)
        self.jobs.ended.connect(self._finish)
        self.jobs.noted.connect(self._take_note)
        self.jobs.catalogue_changed.connect(self._take_catalogue)

    @property
    def project(self) -> Project:
        """The project as it is."""
        return self.document.project

    @property
    def live(self) -> bool:
        """Whether an edit is planned again by itself."""
        return self._live

    def set_live(self, on: bool) -> None:
        """Plan again after every edit, or only on Run."""
        if on != self._live:
            self._live = on
            self.live_changed.emit(on)
            if on and not self.results.is_fresh:
                self._soon.start()
            elif not on:
                self._soon.stop()
                self.jobs.cancel_replan()

    def say(self, text: str, level: str = "info", **more: Any) -> None:
        """Tell the person something."""
        self.said.emit(Message(text, level, **more))

    # Editing

    def edit(self, change_: Edited, title: str, merge_key: Any = None) -> bool:
        """Apply an edit as a named step; an edit that is not allowed becomes a message."""
        try:
            after = change_(self.project)
        except InputError as error:
            self.say(str(error), "error", key="edit")
            return False
        return self.document.edit(after, title, merge_key)

    def open(self, project: Project, path: Path | None, decided: Decisions | None = None) -> None:
        """Show another project; `decided` is what the plan stored with it says."""
        self.jobs.cancel()
        self._soon.stop()
        self.selection.clear()
        self.results.forget()
        self._saved, self._opened = decided, project
        self._plays_on, self._share = True, 0.0
        self.document.open(project, path)
        if self.jobs.is_running:
            self.replan()

    def start(
        self, decided: Decisions | None = None, settings: WorkerSettings | None = None
    ) -> None:
        """Start the workers and plan the project that is open."""
        self._saved = decided or self._saved
        self.jobs.start(settings)
        self.replan()

    # Running

    def replan(self) -> None:
        """Plan the project as it is on the live lane, with what the run on screen has decided."""
        self._soon.stop()
        self.jobs.replan(self.project, self.decided, self.results.current is not None)

    def run(self) -> None:
        """Run the project's solver."""
        self._soon.stop()
        self.jobs.cancel_replan()
        self.jobs.search(self.project)

    def plan_afresh(self) -> None:
        """Plan again with other plugins: what they made before holds no more."""
        self.results.forget_others()
        self._afresh = True
        self.replan()

    def cancel(self) -> None:
        """Stop what runs; the best so far stays on screen."""
        self._soon.stop()
        self.jobs.cancel()

    @property
    def decided(self) -> Decisions:
        """What the run on screen has decided, else the plan in the file, else a first guess.

        Where the ranks lie is kept only as long as the project is the same: an edit leaves it to
        the mapper.
        """
        current = self.results.current
        if current is not None:
            found, then = decisions_in(current), current.project
        else:
            found = self._saved or Decisions(first_guess(self.project), guessed=True)
            then = self._opened
        found = found.after(then.job, self.project.job)
        same = then.fingerprint == self.project.fingerprint
        return found if same else dataclasses.replace(found, placement=())

    # Following

    def _follow(self, before: Project, after: Project, step: str) -> None:
        if before.fingerprint != after.fingerprint:
            self._halt()
        self.project_shown.emit(after)
        if before.machine != after.machine:
            self._drop_lost_selection()
        self.results.follow(after, step)
        if self.results.is_fresh or before.fingerprint == after.fingerprint:
            self._soon.stop()
            return
        if step and self._live and self.jobs.is_running:
            self._soon.start()

    def _halt(self) -> None:
        """Play nothing until there is a run, which goes on from the same share of the step."""
        if self.playback.timeline is not None:
            self._plays_on = self.playback.is_playing
            self._share = self.playback.time_s / (self.playback.timeline.duration_s or 1.0)
            self.playback.set_timeline(None)

    def _drop_lost_selection(self) -> None:
        dies = self.project.machine.die_count
        chosen = self.selection.chosen
        if any(die >= dies for die in chosen.dies):
            self.selection.select_dies(die for die in chosen.dies if die < dies)
        if any(max(pair) >= dies for pair in chosen.links):
            self.selection.select_links(p for p in chosen.links if max(p) < dies)

    def _take(self, result: Result, final: bool) -> None:
        before = self.results.current
        if result.searched and not final and self._holds_better(result):
            return  # the best so far stays on screen
        if not self.results.accept(result, self.project):
            return
        self._afresh = False
        if final and not result.document["fits"]:
            self._tell_misfit(result)
        elif final and before is not None and before.fingerprint != result.fingerprint:
            self._tell_change(before, result)

    def _holds_better(self, found: Result) -> bool:
        """Whether the plan on screen is of the same project and better than one just found."""
        current = self.results.current
        if current is None or not self.results.is_fresh:
            return False
        same = current.fingerprint == found.fingerprint
        return same and beats(current.document, found.document, found.project)

    def _tell_misfit(self, result: Result) -> None:
        memory = result.document["memory_bytes"]
        die = die_name(
            result.project.machine, result.project.machine.die_id(tuple(memory["peak_die"]))
        )
        kind = max(MEMORY_KINDS, key=lambda kind: float(memory[kind]))
        self.say(
            f"Does not fit: die {die} needs {byte_count(memory['peak'])} of "
            f"{byte_count(memory['capacity'])} at {seconds(memory['peak_time_s'])}, "
            f"{byte_count(memory[kind])} of it {kind.replace('_', ' ')}.",
            "warning",
            choices=(("Find degrees that fit", self.run),),
            key="fits",
        )

    def _tell_change(self, before: Result, after: Result) -> None:
        old, new = before.document["step_time_s"], after.document["step_time_s"]
        if before.project.model != after.project.model:
            return
        step = self.document.history.undoText()
        same = old == new
        text = "Same step time" if same else f"{change(old, new)} step time"
        self.say(
            f"{text}: {step}" if step else text,
            "info" if same else "warning" if new > old else "ok",
            choices=(("Undo", self.document.undo),) if step else (),
            key="change",
            fleeting=True,
        )

    def _show_result(self, result: Result | None) -> None:
        self.result_shown.emit(result)
        if result is None:
            self.playback.set_timeline(None)
            return
        old = self.playback.timeline
        if old is result.timeline:
            return
        playing = self.playback.is_playing if old is not None else self._plays_on
        if old is not None and old.duration_s:
            self._share = self.playback.time_s / old.duration_s
        self.playback.set_timeline(result.timeline, self._share * result.timeline.duration_s)
        if playing:
            self.playback.play()

    def _take_refusal(self, kind: str, project: Project, header: dict[str, Any]) -> None:
        reason = header["message"]
        if header["kind"] == "cancelled":
            self._take_cancelled(kind)
            return
        if project.fingerprint != self.project.fingerprint:
            return
        if kind == "replan":
            self._halt()
        if header["kind"] == "noplan" and kind != "load":
            self.results.no_plan(reason, len(topology_of(project.machine).components) > 1)
            self.say(reason, "warning", key="noplan")
        elif header["kind"] == "input":
            if self.lacks_strategy:
                self.results.no_plan(self.lacks_strategy)
            else:
                self.say(reason, "error", key="noplan")
        else:
            key = "noplan" if kind == "replan" else "plan"
            if kind == "replan":
                self.results.no_plan(reason)
            self.say(reason, "error", key=key, details=header.get("traceback", ""))

    def _take_cancelled(self, kind: str) -> None:
        if kind == "search" and self.results.is_fresh:
            self.say("Stopped: the best plan so far stays.", "info", key="plan", fleeting=True)
        elif kind == "replan" and self._afresh and self.jobs.job is None:
            self._halt()
            self.results.doubt("the plugins were loaded again")

    def _finish(self, kind: str, project: Project, header: dict[str, Any]) -> None:
        if kind != "search":
            return
        current = self.results.current
        if project.fingerprint != self.project.fingerprint:
            self.say("The run has ended, but the project was edited meanwhile.", "info", key="plan")
        elif current is not None:
            document = header.get("document", current.document)
            evaluated = document.get("search", {}).get("evaluations", 0)
            text = f"{project.solver.name} has looked at {evaluated:,} plans"
            if beats(current.document, document, project):
                text += ": none is better than the one on screen"
            self.say(text, "ok", key="plan", fleeting=True)

    def _take_note(self, note: str) -> None:
        line, _, details = note.partition("\n")
        self.say(line[:1].upper() + line[1:], "info", key="note", details=details, fleeting=True)

    def _take_catalogue(self, catalogue: dict[str, Any]) -> None:
        self.catalogue = catalogue

    def close(self) -> None:
        """Stop the clock and the workers."""
        self.playback.pause()
        self._soon.stop()
        self.jobs.close()
        self.document.history.blockSignals(True)  # it would tell of its own end
