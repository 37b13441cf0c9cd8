"""A run as the window holds it, and how it stands to the project on screen."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, Signal

from tempstudio.core.project import Project
from tempstudio.core.timeline import Timeline

MOST_KEPT = 12


@dataclass(frozen=True, eq=False)
class Result:
    """What a worker answered: the run document of SURFACE.md, its timeline and its plan.

    `project` is the one it was made from; nothing of it is drawn on another.
    """

    project: Project
    document: dict[str, Any]
    timeline: Timeline
    plan: dict[str, Any] = field(default_factory=dict)
    searched: bool = False

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the project it was made from."""
        return self.project.fingerprint


@dataclass(frozen=True)
class Freshness:
    """Whether the figures belong to the project on screen.

    `state` is "none" (no run yet), "fresh", "stale" (`step` names the edit that they are from
    before), "no plan" (`reason` says why) or "cut apart" (the same, and the mesh is in pieces).
    """

    state: str = "none"
    step: str = ""
    reason: str = ""

    @property
    def ribbon(self) -> str:
        """What stands across the gauges; '' while they are fresh."""
        if self.state in ("none", "fresh") or not self.step:
            return ""
        return f"from before: {self.step}"


class Results(QObject):
    """The run shown, and the last few by fingerprint, so that undo brings theirs back at once.

    `changed` fires for a new run or none; `freshness_changed` carries a `Freshness`.
    """

    changed = Signal(object)
    freshness_changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[str, Result] = OrderedDict()
        self._current: Result | None = None
        self._before: Result | None = None
        self._freshness = Freshness()

    @property
    def current(self) -> Result | None:
        """The newest run; fresh only if `freshness` says so."""
        return self._current

    @property
    def before(self) -> Result | None:
        """The run that the current one took the place of, for comparison."""
        return self._before

    @property
    def freshness(self) -> Freshness:
        """How the current run stands to the project."""
        return self._freshness

    @property
    def is_fresh(self) -> bool:
        """Whether the current run was made from the project on screen."""
        return self._freshness.state == "fresh"

    def accept(self, result: Result, project: Project) -> bool:
        """Take a run in; False (kept aside) where it is of another project than the one shown."""
        self._kept[result.fingerprint] = result
        self._kept.move_to_end(result.fingerprint)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        if result.fingerprint != project.fingerprint:
            return False
        self._show(result)
        return True

    def follow(self, project: Project, step: str) -> None:
        """The project became another by an edit named `step`."""
        kept = self._kept.get(project.fingerprint)
        if kept is not None:
            if kept is not self._current or not self.is_fresh:
                self._show(kept)
        elif self._current is None:
            self._become(Freshness())
        elif self._freshness.state == "stale":
            self._become(Freshness("stale", self._freshness.step))
        else:
            self._become(Freshness("stale", self._freshness.step or step))

    def doubt(self, step: str) -> None:
        """What makes the plans has changed, and no new one has come: `step` says what it was."""
        if self._freshness.state == "fresh":
            self._become(Freshness("stale", step))

    def forget_others(self) -> None:
        """What makes the plans has changed: only the run on screen stays until it is made anew."""
        self._kept.clear()

    def no_plan(self, reason: str, cut_apart: bool = False) -> None:
        """There is no plan for the project on screen."""
        state = "cut apart" if cut_apart else "no plan"
        self._become(Freshness(state, self._freshness.step, reason))

    def forget(self) -> None:
        """Another project was opened."""
        self._kept.clear()
        self._current = self._before = None
        self._become(Freshness())
        self.changed.emit(None)

    def _show(self, result: Result) -> None:
        if self._current is not None and self._current.fingerprint != result.fingerprint:
            self._before = self._current
        self._current = result
        self._freshness = Freshness("fresh")
        self.changed.emit(result)
        self.freshness_changed.emit(self._freshness)

    def _become(self, freshness: Freshness) -> None:
        if freshness != self._freshness:
            self._freshness = freshness
            self.freshness_changed.emit(freshness)
