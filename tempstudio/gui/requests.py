"""What the views ask for: selections and edits, each edit one named step of the project."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from tempstudio.core.machine import Machine, Wafer
from tempstudio.core.parallel import Degrees
from tempstudio.core.project import StrategyChoice
from tempstudio.core.topology import topology_of
from tempstudio.core.workload import TrainingJob
from tempstudio.gui.edits import (
    edit_of_stroke,
    with_machine,
    with_run,
    with_strategy,
    without_run,
)
from tempstudio.gui.views.machine_dialog import MachineDialog
from tempstudio.gui.views.runs_panel import kept
from tempstudio.gui.views.tool_bar import LOAD_MODEL, machine_title
from tempstudio.gui.views.wafer_hand import Stroke
from tempstudio.scene.format import digits, percent
from tempstudio.scene.moments import Hotspot, worst_contention

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow
    from tempstudio.gui.studio import Studio

SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


class Requests(QObject):
    """Takes the views' signals and turns them into edits and selections of one window's studio."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        studio = window.studio
        window.model.chosen.connect(studio.selection.select_operator)
        window.timeline.scrubbed.connect(studio.playback.seek)
        window.timeline.chosen.connect(studio.selection.select_operator)
        window.timeline.brushed.connect(studio.selection.select_range)
        window.timeline.stepped.connect(self.step)
        window.timeline.empty_clicked.connect(self.plan_or_run)
        window.timeline.play_asked.connect(studio.playback.toggle)
        window.inspector.dies_chosen.connect(studio.selection.select_dies)
        window.inspector.links_chosen.connect(studio.selection.select_links)
        window.gauges.link_chosen.connect(self.choose_link)
        window.gauges.die_chosen.connect(self.choose_die)
        window.gauges.range_dropped.connect(lambda: studio.selection.select_range(None))
        window.strategy.strategy_edited.connect(self.choose_strategy)
        window.strategy.job_edited.connect(self.edit_job)
        window.strategy.degrees_edited.connect(self.edit_degrees)
        window.machine.edited.connect(self.edit_machine)
        window.machine.refused.connect(lambda text: studio.say(text, "error", key="form"))
        window.machine.dialog_asked.connect(self.ask_machine)
        window.strategy.refused.connect(lambda text: studio.say(text, "error", key="form"))
        window.toolbar.strategy_chosen.connect(
            lambda kind, name: self.choose_strategy(kind, StrategyChoice(name))
        )
        window.toolbar.machine_chosen.connect(self.choose_machine)
        window.toolbar.model_chosen.connect(self.choose_model)
        window.runs.keep_asked.connect(self.keep_run)
        window.runs.drop_asked.connect(self.drop_run)
        window.wafer.clicked.connect(self.choose_on_wafer)
        window.wafer.band_selected.connect(self.choose_band)
        window.wafer.edit_requested.connect(self.apply_stroke)
        window.wafer.empty_clicked.connect(self.ask_wafer)

    def plan_or_run(self) -> None:
        """Plan again where there was a run, else search for one."""
        studio = self._window.studio
        if studio.results.current is None:
            studio.run()
        else:
            studio.replan()

    # Selection

    def choose_on_wafer(
        self, kind: str, what: int | tuple[int, int] | None, modifiers: Qt.KeyboardModifier
    ) -> None:
        """A click on a die, a link or the bare canvas; with Shift or Ctrl it adds or takes away."""
        selection = self._window.studio.selection
        more = bool(modifiers & (SHIFT | CONTROL))
        if isinstance(what, int):
            selection.toggle_die(what) if more else selection.select_dies((what,))
        elif isinstance(what, tuple):
            selection.toggle_link(what) if more else selection.select_links((what,))
        elif not more:
            selection.clear()

    def choose_band(self, dies: tuple[int, ...], modifiers: Qt.KeyboardModifier) -> None:
        """The dies of a rubber band; with Shift or Ctrl they join the selected ones."""
        selection = self._window.studio.selection
        before = selection.chosen.dies if modifiers & (SHIFT | CONTROL) else ()
        selection.select_dies((*before, *dies))

    def choose_link(self, pair: tuple[int, int]) -> None:
        """A link of the gauges, if it is one of the mesh on screen."""
        studio = self._window.studio
        if studio.results.is_fresh:
            studio.selection.select_links((pair,))

    def choose_die(self, die: int) -> None:
        """A die of the gauges, if it is one of the mesh on screen."""
        studio = self._window.studio
        if studio.results.is_fresh:
            studio.selection.select_dies((die,))

    # Time

    def step(self, way: int) -> None:
        """The next event, or the one before."""
        playback = self._window.studio.playback
        playback.step_forward() if way > 0 else playback.step_back()

    def begin_range(self) -> None:
        """Let the range begin at the time shown; where it ended before that, at the step's end."""
        playback, chosen = self._window.studio.playback, self._window.studio.selection.chosen
        if playback.timeline is not None:
            end = chosen.range_s[1] if chosen.range_s else playback.timeline.duration_s
            self._brush(playback.time_s, end, playback.timeline.duration_s)

    def end_range(self) -> None:
        """Let the range end at the time shown; where it began after that, from the step's start."""
        playback, chosen = self._window.studio.playback, self._window.studio.selection.chosen
        if playback.timeline is not None:
            begin = chosen.range_s[0] if chosen.range_s else 0.0
            self._brush(0.0 if begin >= playback.time_s else begin, playback.time_s, 0.0)

    def _brush(self, begin_s: float, end_s: float, otherwise_s: float) -> None:
        end_s = end_s if end_s > begin_s else otherwise_s
        if end_s > begin_s:
            self._window.studio.selection.select_range((begin_s, end_s))

    def show_worst_contention(self) -> None:
        """Go to where transfers lose most time to one another; again for its next occurrence."""
        studio, timeline = self._window.studio, self._window.studio.playback.timeline
        if timeline is None:
            return
        latency_s = topology_of(studio.project.machine).latency_s
        found = worst_contention(timeline, latency_s, studio.playback.time_s)
        if found is None:
            studio.say("No transfer is in another's way.", "ok", key="worst", fleeting=True)
            return
        studio.playback.pause()
        # A little into it, so that the transfers are on their way.
        studio.playback.seek(found.begin_s + 0.25 * (found.end_s - found.begin_s))
        self._window.timeline.reveal(found.begin_s, found.end_s)
        share = percent(found.lost_s / timeline.duration_s)
        studio.say(
            f"Worst contention: {found.operator}, {digits(found.factor)}\u2009× the time that its "
            f"slowest transfer needs alone{self._beside_others(found)}; "
            f"{share} of the step is lost to it.",
            "info",
            key="worst",
            fleeting=True,
        )

    def _beside_others(self, found: Hotspot) -> str:
        """How the gauges' factor, of the phase by itself, goes with what the phase takes here."""
        result = self._window.studio.results.current
        links = result.document["links"] if result is not None else {}
        own = digits(float(links.get("contention_factor", 0.0)))
        if links.get("worst_operator") != found.operator or own == digits(found.factor):
            return ""
        return f" ({own}\u2009× by its own transfers, the rest by others beside them)"

    # Edits

    def choose_strategy(self, kind: str, choice: StrategyChoice) -> None:
        """Another strategy, or another option of it."""
        studio = self._window.studio
        if not choice.version:
            choice = dataclasses.replace(choice, version=version_of(kind, choice.name, studio))
        before: StrategyChoice = getattr(studio.project, kind)
        if before.name == choice.name and before.options == choice.options:
            return
        same = before.name == choice.name
        title = f"Options of {choice.name}" if same else f"{kind.capitalize()} {choice.name}"
        key = studio.document.typing((kind, choice.name)) if same else None
        studio.edit(lambda project: with_strategy(project, kind, choice), title, key)

    def edit_job(self, job: TrainingJob, field: str) -> None:
        """Another training job."""
        studio = self._window.studio
        title = field.replace("_", " ").capitalize() + f" {getattr(job, field)}"
        key = studio.document.typing(("job", field))
        studio.edit(lambda project: dataclasses.replace(project, job=job), title, key)

    def edit_degrees(self, degrees: Degrees | None, field: str) -> None:
        """Other fixed degrees, or none."""
        studio = self._window.studio
        title = "Free the degrees" if degrees is None else "Fix the degrees"
        if degrees is not None and field != "fixed":
            title = f"{field} {getattr(degrees, field)}"
        key = studio.document.typing(("degrees", field))
        studio.edit(lambda project: dataclasses.replace(project, degrees=degrees), title, key)

    def choose_machine(self, machine: Machine) -> None:
        """Another machine."""
        self._window.studio.edit(
            lambda project: with_machine(project, machine), f"Machine {machine_title(machine)}"
        )

    def edit_machine(self, machine: Machine, title: str, key: str) -> None:
        """Another figure of the machine, or another size."""
        studio = self._window.studio
        merge = studio.document.typing(("machine", key))
        studio.edit(lambda project: with_machine(project, machine), title, merge)

    def ask_machine(self) -> None:
        """Another wafer in the place of the open one, chosen in a dialog."""
        dialog = self._machine_dialog("Machine", "Apply", self._window.studio.project.machine)
        dialog.made.connect(self.choose_machine)
        dialog.open()

    def ask_wafer(self) -> None:
        """A new project on a wafer laid out in a dialog."""
        dialog = self._machine_dialog("New wafer", "Create", Wafer())
        dialog.made.connect(self._window.files.new)
        dialog.open()

    def _machine_dialog(self, title: str, verb: str, machine: Machine) -> MachineDialog:
        window = self._window
        presets = window.toolbar.machines
        dialog = MachineDialog(title, verb, machine, presets, window.look.tokens, window)
        window.look.changed.connect(dialog.set_theme)
        dialog.help_asked.connect(window.help.explain_here)
        return dialog

    def choose_model(self, name: str) -> None:
        """Another model, by its preset's name or from a file."""
        if name == LOAD_MODEL:
            self._window.files.ask_model()
        else:
            self._window.files.load_model(name)

    def apply_stroke(self, stroke: Stroke) -> None:
        """A piece of a tool's stroke on the canvas; the whole stroke is one step."""
        studio = self._window.studio
        edit, title = edit_of_stroke(studio.project, stroke)
        if studio.edit(edit, title, stroke.merge_key) and self._window.help.is_touring:
            self._window.help.end_tour()

    def keep_run(self) -> None:
        """Keep the run on screen in the project."""
        studio = self._window.studio
        current = studio.results.current
        if current is not None and studio.results.is_fresh:
            run = kept(current, studio.project.runs)
            studio.edit(lambda project: with_run(project, run), f"Keep run {run.name}")

    def drop_run(self, name: str) -> None:
        """Let a kept run go."""
        self._window.studio.edit(lambda project: without_run(project, name), f"Remove run {name}")


def version_of(kind: str, name: str, studio: Studio) -> str:
    """The version of a strategy that the plugins offer here, "" where they offer none."""
    offers = (studio.catalogue or {"kinds": {}})["kinds"].get(kind, [])
    return next((str(offer["version"]) for offer in offers if offer["name"] == name), "")
