"""How the views follow the studio: project, run, moment, selection, theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt

from tempstudio.core.project import Project
from tempstudio.core.timeline import Timeline
from tempstudio.gui.decided import degrees_of
from tempstudio.gui.icons import icon
from tempstudio.gui.job import Job
from tempstudio.gui.results import Freshness, Result
from tempstudio.gui.selection import Chosen
from tempstudio.gui.views.message_bar import Message
from tempstudio.gui.views.wafer_canvas import WaferCanvas
from tempstudio.gui.views.wafer_hand import Target
from tempstudio.scene.tokens import Tokens

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow

SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


class Following(QObject):
    """Connects one window's views with its studio."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._whole_s = 0.0  # how long the step lasts that was shown last
        self._connect_studio()
        self._connect_views()
        self.show_theme(window.look.tokens)
        self.show_project(window.studio.project)
        self.show_title()

    def _connect_studio(self) -> None:
        window, studio = self._window, self._window.studio
        studio.project_shown.connect(self.show_project)
        studio.document.path_changed.connect(lambda _: self.show_title())
        studio.document.clean_changed.connect(lambda _: self.show_title())
        studio.result_shown.connect(self.show_result)
        studio.results.freshness_changed.connect(self.show_freshness)
        studio.playback.timeline_changed.connect(self.show_timeline)
        studio.playback.moved.connect(self.show_time)
        studio.playback.playing_changed.connect(self.show_playing)
        studio.playback.speed_changed.connect(self.show_speed)
        studio.selection.changed.connect(self.show_selection)
        studio.said.connect(self.show_message)
        studio.live_changed.connect(window.actions_["run.live"].setChecked)
        studio.jobs.job_changed.connect(self.show_job)
        studio.jobs.catalogue_changed.connect(self.show_catalogue)
        studio.jobs.logged.connect(window.log.add)
        window.look.changed.connect(self.show_theme)
        window.zoom.changed.connect(self.show_zoom)
        window.docks.visibility_changed.connect(
            lambda name, on: window.actions_[f"view.dock.{name}"].setChecked(on)
        )
        history = studio.document.history
        history.canUndoChanged.connect(window.actions_["edit.undo"].setEnabled)
        history.canRedoChanged.connect(window.actions_["edit.redo"].setEnabled)
        history.undoTextChanged.connect(lambda _: self.show_history())
        history.redoTextChanged.connect(lambda _: self.show_history())
        self.show_history()
        window.actions_["run.live"].setChecked(studio.live)
        reduced = window.settings.get("reduced_motion", False)
        window.actions_["view.reduced_motion"].setChecked(reduced)
        window.actions_[f"view.theme.{window.look.choice}"].setChecked(True)
        window.actions_["tool.select"].setChecked(True)
        self.show_speed(studio.playback.speed)
        self.show_job(None)

    def _connect_views(self) -> None:
        window, studio = self._window, self._window.studio
        window.timeline.hovered.connect(window.status.set_hovered)
        window.gauges.asked.connect(lambda term: window.help.explain(term, window.gauges))
        window.status.cancel_asked.connect(studio.cancel)
        window.status.plugins_asked.connect(lambda: window.desk.show())
        window.messages.details_asked.connect(self.show_details)
        window.messages.focus_left.connect(lambda: window.tabs.currentWidget().setFocus())
        window.wafer.hovered.connect(
            lambda found: window.status.set_hovered(found.text if found else "")
        )

    def show_hovered(self, found: Target | None) -> None:
        """What is under the pointer on the wafer."""
        self._window.status.set_hovered(found.text if found is not None else "")

    # The project

    def show_project(self, project: Project) -> None:
        """The project is another."""
        window = self._window
        window.messages.dismiss_key("change")  # what it tells, and would undo, is the past
        window.messages.dismiss_key("copy")
        window.status.set_hovered("")  # it was of the project before
        window.wafer.set_project(project.machine)
        window.model.set_model(project.model)
        window.strategy.set_project(project)
        window.toolbar.set_project(project)
        window.runs.set_project(project)
        window.inspector.set_project(project)
        window.machine.set_machine(project.machine)

    def show_title(self) -> None:
        """Name and state of the file."""
        document = self._window.studio.document
        self._window.setWindowTitle(f"{document.name}[*] – TempStudio")
        self._window.setWindowModified(not document.is_clean)

    def show_history(self) -> None:
        """What Undo and Redo would do."""
        history, actions = self._window.studio.document.history, self._window.actions_
        for id_, name, can in (
            ("edit.undo", "Undo", history.canUndo()),
            ("edit.redo", "Redo", history.canRedo()),
        ):
            step = history.undoText() if name == "Undo" else history.redoText()
            actions[id_].setText(f"{name} {step}".strip())
            actions[id_].setEnabled(can)

    # The run

    def show_result(self, result: Result | None) -> None:
        """Another run, or none."""
        window, results = self._window, self._window.studio.results
        window.messages.dismiss_key("note")  # it was about the plan before
        window.gauges.set_result(result, results.before)
        window.runs.set_result(result, results.is_fresh)
        window.inspector.set_result(result if results.is_fresh else None)
        window.actions_["run.keep"].setEnabled(result is not None and results.is_fresh)
        if result is not None:
            window.strategy.set_suggested(degrees_of(result.document))

    def show_freshness(self, freshness: Freshness) -> None:
        """Whether the figures belong to what is on screen."""
        window, results = self._window, self._window.studio.results
        stale = freshness.state not in ("none", "fresh")
        if freshness.state == "fresh":
            window.messages.dismiss_key("noplan")
            if results.current is None or results.current.document["fits"]:
                window.messages.dismiss_key("fits")
        window.gauges.set_freshness(freshness)
        window.status.set_freshness(freshness)
        window.wafer.set_stale(freshness.ribbon if stale else "")
        window.wafer.set_message("Planning" if freshness.state == "none" else freshness.reason)
        if stale:
            window.inspector.set_result(None)
        window.actions_["run.keep"].setEnabled(freshness.state == "fresh")
        window.runs.set_result(window.studio.results.current, freshness.state == "fresh")
        self.show_waiting()

    def show_timeline(self, timeline: Timeline | None) -> None:
        """Another step to play, or none."""
        window = self._window
        window.wafer.set_timeline(timeline, window.studio.playback.time_s)
        window.timeline.set_timeline(timeline)
        self._carry_range(timeline)
        for action in window.actions_:
            if action.menu == "Playback" and not action.id.startswith("playback.speed"):
                window.actions_[action.id].setEnabled(timeline is not None)
        self.show_waiting()

    def _carry_range(self, timeline: Timeline | None) -> None:
        """The same share of the step stays chosen when another run of it is shown."""
        selection = self._window.studio.selection
        if timeline is None:
            return
        if selection.chosen.range_s is not None and self._whole_s > 0:
            low, high = selection.chosen.range_s
            scale = timeline.duration_s / self._whole_s
            selection.select_range((low * scale, min(high * scale, timeline.duration_s)))
        self._whole_s = timeline.duration_s

    def show_waiting(self) -> None:
        """What the timeline says while it has nothing to show."""
        window, studio = self._window, self._window.studio
        freshness = studio.results.freshness
        if studio.jobs.job is None and freshness.state in ("no plan", "cut apart"):
            window.timeline.set_empty("There is no plan for this project.")
        elif studio.jobs.job is not None or (studio.live and freshness.step):
            window.timeline.set_empty("Waiting for the plan.")
        elif studio.results.current is None:
            window.timeline.set_empty("The timeline appears with the first run.", "Run")
        else:
            window.timeline.set_empty("The project was edited since its last run.", "Plan again")

    def show_time(self, time_s: float) -> None:
        """Another moment."""
        window, timeline = self._window, self._window.studio.playback.timeline
        if timeline is None:
            return
        playing = window.studio.playback.is_playing
        frame = timeline.at(time_s)
        window.wafer.set_frame(frame)
        window.timeline.set_time(time_s)
        window.gauges.set_frame(frame, playing)
        window.inspector.set_frame(frame, playing)

    def show_playing(self, playing: bool) -> None:
        """The clock runs, or holds."""
        window = self._window
        action = window.actions_["playback.toggle"]
        action.setText("Pause" if playing else "Play")
        action.setIcon(icon("pause" if playing else "play", window.look.tokens))
        if not playing:
            self.show_time(window.studio.playback.time_s)

    def show_speed(self, speed: str) -> None:
        """Another named speed."""
        self._window.actions_[f"playback.speed.{speed}"].setChecked(True)

    # Selection, jobs, messages

    def show_selection(self, chosen: Chosen) -> None:
        """Something else is selected."""
        window = self._window
        window.model.set_selection(chosen)
        window.gauges.set_selection(chosen)
        window.timeline.set_range(chosen.range_s)
        window.studio.playback.set_range(chosen.range_s)
        for id_ in ("playback.range_zoom", "playback.range_clear"):
            window.actions_[id_].setEnabled(chosen.range_s is not None)
        window.inspector.set_selection(chosen)
        window.timeline.set_operator(chosen.operator)
        window.wafer.set_selection(chosen)

    def show_job(self, job: Job | None) -> None:
        """What the workers do."""
        window = self._window
        searching = window.studio.jobs.is_searching
        window.status.set_job(job)
        window.toolbar.set_searching(searching)
        window.actions_["run.run"].setEnabled(not searching)
        window.actions_["run.cancel"].setEnabled(job is not None)
        self.show_waiting()

    def show_catalogue(self, catalogue: dict[str, Any]) -> None:
        """The plugins offer something else."""
        window = self._window
        window.studio.catalogue = catalogue
        from tempstudio.readers import preset_names

        window.toolbar.set_catalogue(catalogue, dict.fromkeys(preset_names(), ""))
        window.strategy.set_catalogue(catalogue)
        window.desk.list.set_catalogue(catalogue)
        window.help.refresh_start()
        self.show_failures()

    def show_failures(self) -> None:
        """How many plugins' hooks failed."""
        self._window.status.set_failures(len(self._window.desk.list.failures))

    def show_message(self, message: Message) -> None:
        """Something to tell."""
        self._window.messages.show_message(message)
        if message.details:
            self._window.log.add(f"{message.text}\n{message.details}")

    def show_details(self, details: str) -> None:
        """The log, where the details stand."""
        self._window.docks.show("log")

    def show_theme(self, tokens: Tokens) -> None:
        """Another theme."""
        window = self._window
        window.actions_.set_theme(tokens)
        for view in (
            window.toolbar,
            window.status,
            window.messages,
            window.gauges,
            window.timeline,
            window.machine,
        ):
            view.set_theme(tokens)
        window.wafer.set_theme(tokens)
        if window.help.start is not None:
            window.help.start.set_theme(tokens)
        self.show_playing_icon()

    def show_zoom(self, factor: float) -> None:
        """Another interface zoom."""
        window = self._window
        for canvas in window.findChildren(WaferCanvas):
            canvas.set_interface_zoom(factor)
        window.docks.follow_zoom()
        window.settings.set("zoom", factor)
        window.studio.say(f"Interface zoom {factor:.0%}", key="zoom", fleeting=True)

    def show_playing_icon(self) -> None:
        """Play or pause, in the theme's colour."""
        playing = self._window.studio.playback.is_playing
        name = "pause" if playing else "play"
        self._window.actions_["playback.toggle"].setIcon(icon(name, self._window.look.tokens))

    def use_tool(self, tool: str) -> None:
        """Take a tool in hand."""
        window = self._window
        window.wafer.set_tool(tool)
        data = window.actions_.data(f"tool.{tool}")
        window.status.set_tool("" if tool == "select" else f"{data.title}: {data.summary}")
