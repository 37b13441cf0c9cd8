"""How the model graph follows the studio: model, run, moment and selection, and asks for them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject

from tempstudio.core.link_users import link_users
from tempstudio.core.project import Project
from tempstudio.core.timeline import Timeline
from tempstudio.gui.places import link_pairs
from tempstudio.gui.results import Result
from tempstudio.gui.selection import Chosen
from tempstudio.scene.copies import (
    Work,
    dies_of_copy,
    stages_of_dies,
    works_at,
)
from tempstudio.scene.graph_reading import OperatorRun, Reading

if TYPE_CHECKING:
    from tempstudio.gui.main_window import MainWindow

RANGE_LOOKS = 96  # instants at which a selected range is looked at
_DEGREES = ("pp", "dp", "sp", "tp", "stream", "ep")


class GraphFollowing(QObject):
    """Connects one window's graph with its studio."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        studio = window.studio
        studio.project_shown.connect(self.show_project)
        studio.results.freshness_changed.connect(lambda _: self.show_reading())
        studio.selection.changed.connect(lambda _: self.show_selection())
        studio.playback.moved.connect(lambda _: self.show_computing())
        studio.playback.timeline_changed.connect(lambda _: self.show_selection())
        window.tabs.currentChanged.connect(lambda _: self.show_computing())
        window.look.changed.connect(window.graph.set_theme)
        window.graph.hovered.connect(window.status.set_hovered)
        window.graph.operator_chosen.connect(self.choose)
        self.show_project(studio.project)

    def show_project(self, project: Project) -> None:
        """Another model or job."""
        self._window.graph.set_model(project.model)
        self.show_reading()

    def show_reading(self) -> None:
        """Shapes of the job; figures of a run of this very project, or none."""
        studio = self._window.studio
        fresh = studio.results.current if studio.results.is_fresh else None
        job = studio.project.job
        runs = operator_runs(fresh) if fresh is not None else {}
        stages: dict[str, tuple[int, ...]] = {}
        if fresh is not None and fresh.timeline.stages > 1:
            held = fresh.timeline.copies.stages
            stages = {block: tuple(on.tolist()) for block, on in held.items()}
        self._window.graph.set_reading(Reading(job.micro_batch, job.seq_len, runs, stages))

    def show_selection(self) -> None:
        """The operator chosen, those whose tensors cross the chosen links, and what lies where."""
        studio = self._window.studio
        chosen, timeline = studio.selection.chosen, studio.playback.timeline
        crossing: frozenset[str] = frozenset()
        if timeline is not None and chosen.links:
            crossing = frozenset().union(*(users_of(timeline, pair) for pair in chosen.links[:8]))
        stages: frozenset[int] = frozenset()
        if timeline is not None and timeline.stages > 1:
            stages = stages_of_dies(timeline, chosen.dies)
        self._window.graph.set_selection(
            chosen.operator, chosen.tensor, chosen.copy, crossing, stages
        )
        self._window.wafer.set_home(self._home(chosen, timeline))
        self.show_computing()

    def _home(self, chosen: Chosen, timeline: Timeline | None) -> tuple[int, ...]:
        """The dies that hold the chosen copy, where not all do."""
        if timeline is None or timeline.stages < 2 or chosen.copy is None:
            return ()
        for block in self._window.studio.project.model.blocks:
            if any(operator.name == chosen.operator for operator in block.operators):
                return dies_of_copy(timeline, block.name, chosen.copy)
        return ()

    def show_computing(self) -> None:
        """What the dies, or the selected ones, compute now or in the selected range; while seen."""
        window = self._window
        timeline = window.studio.playback.timeline
        if timeline is None or not window.graph.isVisible():
            window.graph.set_computing(frozenset())
            return
        chosen = window.studio.selection.chosen
        dies = tuple(die for die in chosen.dies if die < len(timeline.stage_of_die))
        if chosen.range_s is not None:
            window.graph.set_computing(computed_in(timeline, chosen.range_s, dies))
        else:
            now = window.studio.playback.time_s
            window.graph.set_computing(works_at(timeline, now, dies))

    def choose(self, operator: str, tensor: str, copy: int | None) -> None:
        """The graph asks for a selection."""
        selection = self._window.studio.selection
        if operator:
            selection.select_operator(operator, tensor, copy)
        else:
            selection.clear()


@lru_cache(maxsize=16)
def computed_in(
    timeline: Timeline, range_s: tuple[float, float], dies: tuple[int, ...] = ()
) -> frozenset[Work]:
    """What is computed at some of the instants looked at in a range."""
    moments = np.linspace(*range_s, RANGE_LOOKS)
    return frozenset().union(*(works_at(timeline, float(t), dies) for t in moments))


def operator_runs(result: Result) -> dict[str, OperatorRun]:
    """What a run document says of each operator; degrees only where they are not the run's own."""
    document: dict[str, Any] = result.document
    whole = document.get("parallel", {})
    least = document["step_time_s"] * 1e-9  # less is what rounding leaves
    found = {}
    for row in document.get("per_operator", ()):
        own = row.get("degrees") or {}
        differs = any(own.get(key, 1) != whole.get(key, 1) for key in _DEGREES)
        degrees = " ".join(f"{key} {own[key]}" for key in _DEGREES if own.get(key, 1) > 1)
        exposed = row["exposed_s"] if row["exposed_s"] > least else 0.0
        found[row["name"]] = OperatorRun(
            short_layout(row["layout"]), row["compute_s"], exposed, degrees if differs else ""
        )
    return found


def short_layout(layout: str) -> str:
    """The first word of a layout: the stream's name, or how the operand lies.

    >>> short_layout("I-stream rows to columns"), short_layout("rows")
    ('I-stream', 'rows')
    """
    return layout.partition(" ")[0]


@lru_cache(maxsize=16)
def users_of(timeline: Timeline, pair: tuple[int, int]) -> frozenset[str]:
    """Operators whose tensors cross a directed link in the step."""
    numbers = {ends: number for number, ends in enumerate(link_pairs(timeline))}
    if pair not in numbers:
        return frozenset()
    return frozenset(use.operator for use in link_users(timeline, numbers[pair]))
