"""What a search has looked at so far: its candidates, its best over time, its Pareto front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from tempstudio.core.project import Project
from tempstudio.gui.results import Result

FloatArray = NDArray[np.float64]

FIGURES = ("step_time_s", "tokens_per_s", "memory_bytes", "energy_j")


@dataclass(frozen=True)
class Candidate:
    """One plan that was looked at: its degrees as JSON, its figures, and when it was found."""

    parallel: dict[str, int]
    step_time_s: float
    tokens_per_s: float
    memory_bytes: float
    energy_j: float
    fits: bool
    evaluations: int
    wall_s: float

    @property
    def key(self) -> tuple[tuple[str, int], ...]:
        """What makes it that candidate."""
        return key_of(self.parallel)


def key_of(parallel: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Degrees in a form that compares."""
    return tuple(sorted((name, int(value)) for name, value in parallel.items()))


def candidate_of(document: dict[str, Any]) -> Candidate:
    """The candidate that a run document tells of."""
    search = document.get("search", {})
    return Candidate(
        parallel=dict(document["parallel"]),
        step_time_s=float(document["step_time_s"]),
        tokens_per_s=float(document["tokens_per_s"]),
        memory_bytes=float(document["memory_bytes"]["peak"]),
        energy_j=float(document["energy_j"]["total"]),
        fits=bool(document["fits"]),
        evaluations=int(search.get("evaluations", 0)),
        wall_s=float(search.get("wall_s", 0.0)),
    )


class SearchLog(QObject):
    """The last search of this window; `changed` fires when there is more of it.

    `solver` names it ("" before the first), `running` says whether it goes on.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.solver = ""
        self.running = False
        self.project: Project | None = None
        self.candidates: list[Candidate] = []
        self.best: list[Candidate] = []
        self.evaluations = 0
        self.wall_s = 0.0
        self.capacity_bytes = 0.0

    def begin(self, project: Project) -> None:
        """Another search has begun."""
        self.solver, self.running, self.project = project.solver.name, True, project
        self.candidates, self.best = [], []
        self.evaluations, self.wall_s = 0, 0.0
        self.capacity_bytes = project.machine.die.hbm_bytes
        self.changed.emit()

    def take(self, result: Result) -> None:
        """A better plan has come."""
        if not result.searched or result.project is not self.project:
            return
        found = candidate_of(result.document)
        self._add(found)
        self.best.append(found)
        self.evaluations = max(self.evaluations, found.evaluations)
        self.wall_s = max(self.wall_s, found.wall_s)
        self.changed.emit()

    def end(self, document: dict[str, Any] | None = None) -> None:
        """The search is over; `document` is its last answer."""
        if document is not None:
            search = document.get("search", {})
            self.evaluations = max(self.evaluations, int(search.get("evaluations", 0)))
            self.wall_s = max(self.wall_s, float(search.get("wall_s", 0.0)))
        self.running = False
        self.changed.emit()

    def _add(self, found: Candidate) -> None:
        if all(found.key != other.key for other in self.candidates):
            self.candidates.append(found)

    def column(self, figure: str) -> FloatArray:
        """One figure of every candidate [n]."""
        return np.array([getattr(c, figure) for c in self.candidates], dtype=np.float64)

    @property
    def fitting(self) -> NDArray[np.bool_]:
        """Which candidates fit [n]."""
        return np.array([c.fits for c in self.candidates], dtype=bool)

    def front(self, cost: str) -> NDArray[np.bool_]:
        """Fitting candidates that none beats in both throughput and `cost` [n]."""
        return pareto(self.column(cost), -self.column("tokens_per_s"), self.fitting)


def pareto(first: FloatArray, second: FloatArray, allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which allowed points no other allowed one beats: not worse in either, better in one [n].

    Less is better in both.

    >>> pareto(np.array([1.0, 2.0, 2.0]), np.array([2.0, 1.0, 3.0]), np.ones(3, bool)).tolist()
    [True, True, False]
    """
    front = np.zeros(len(first), dtype=bool)
    usable = np.flatnonzero(allowed & np.isfinite(first) & np.isfinite(second))
    order = usable[np.lexsort((second[usable], first[usable]))]
    least, at = np.inf, np.nan
    for point in order.tolist():
        if second[point] < least:
            front[point] = True
            least, at = float(second[point]), float(first[point])
        elif second[point] == least and first[point] == at:
            front[point] = True  # the same in both: neither beats the other
    return front
