"""What a search has looked at so far: its candidates, its best over time, its Pareto front."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from tempstudio.core.project import Project
from tempstudio.gui.results import Result

FloatArray = NDArray[np.float64]

THROUGHPUT = "throughput"


@dataclass(frozen=True)
class Candidate:
    """One plan that was looked at: its genome as JSON (docs/json.md) and its figures."""

    genome: dict[str, Any]
    step_time_s: float
    tokens_per_s: float
    memory_bytes: float
    energy_j: float
    fits: bool
    wall_s: float = 0.0
    simulated: bool = True

    @property
    def parallel(self) -> dict[str, Any]:
        """Its degrees."""
        return dict(self.genome["parallel"])

    @property
    def key(self) -> str:
        """What makes it that candidate."""
        return key_of(self.genome)


def key_of(parallel: dict[str, Any]) -> str:
    """Degrees in a form that compares."""
    return json.dumps(parallel, sort_keys=True)


def own_genome(document: dict[str, Any], project: Project) -> dict[str, Any]:
    """The genome of a run itself; its placement is the one among `search` with equal figures."""
    step_s = float(document["step_time_s"])
    for row in (*document["search"].get("pareto", ()), *document["search"].get("candidates", ())):
        same = row["genome"]["parallel"] == document["parallel"]
        if same and row["step_time_s"] == step_s:
            return dict(row["genome"])
    job = document["job"]
    differs = job["recompute"] != project.job.recompute
    return {
        "parallel": dict(document["parallel"]),
        "recompute": job["recompute"] if differs else "",
        "micro_batch": job["micro_batch"] if job["micro_batch"] != project.job.micro_batch else 0,
        "placement": None,
    }


def best_of(document: dict[str, Any], project: Project) -> Candidate:
    """The plan that a run document tells of."""
    return Candidate(
        own_genome(document, project),
        float(document["step_time_s"]),
        float(document["tokens_per_s"]),
        float(document["memory_bytes"]["peak"]),
        float(document["energy_j"]["total"]),
        bool(document["fits"]),
        float(document["search"].get("wall_s", 0.0)),
    )


def beats(document: dict[str, Any], other: dict[str, Any], project: Project) -> bool:
    """Whether a run is better than another of the project, as its solver counts.

    One that fits beats one that does not.  What the solver is after is its option `objective`, the
    step time where it has none; by an objective that nobody here knows neither beats the other.
    """
    figures: dict[str, Callable[[dict[str, Any]], float]] = {
        THROUGHPUT: lambda run: float(run["step_time_s"]),
        "energy": lambda run: float(run["energy_j"]["total"]),
        "throughput-per-watt": lambda run: float(run["energy_j"]["total"]),
        "memory": lambda run: float(run["memory_bytes"]["peak"]),
    }
    figure = figures.get(objective_of(project))
    if document["fits"] != other["fits"]:
        return bool(document["fits"])
    return figure is not None and figure(document) < figure(other)


def objective_of(project: Project) -> str:
    """What the project's solver is after."""
    return str(dict(project.solver.options).get("objective", THROUGHPUT))


def seen_of(row: dict[str, Any], tokens: float) -> Candidate:
    """A row of `search.candidates` or `search.pareto`; a step is worth so many tokens."""
    step_s = float(row["step_time_s"])
    return Candidate(
        dict(row["genome"]),
        step_s,
        tokens / step_s,
        float(row["peak_bytes"]),
        float(row["energy_j"]),
        bool(row["fits"]),
        simulated=bool(row.get("simulated", False)),
    )


class SearchLog(QObject):
    """The last search of this window; `changed` fires when there is more of it.

    `solver` names it ("" before the first), `objective` what it is after, `running` says whether
    it goes on.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.solver = ""
        self.objective = THROUGHPUT
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
        self.objective = objective_of(project)
        self.candidates, self.best = [], []
        self.evaluations, self.wall_s = 0, 0.0
        self.capacity_bytes = project.machine.die.hbm_bytes
        self.changed.emit()

    def take(self, result: Result) -> None:
        """A better plan has come."""
        if not result.searched or result.project is not self.project:
            return
        self.best.append(best_of(result.document, result.project))
        self._follow(result.document.get("search", {}))
        self.changed.emit()

    def see(self, project: Project, search: dict[str, Any]) -> None:
        """What the search has seen by now."""
        if self.running and project is self.project:
            self._follow(search)
            self.changed.emit()

    def end(self, document: dict[str, Any] | None = None) -> None:
        """The search is over; `document` is its last answer."""
        if document is not None:
            self._follow(document.get("search", {}))
        self.running = False
        self.changed.emit()

    def _follow(self, search: dict[str, Any]) -> None:
        """Take over what a run document's `search` tells."""
        assert self.project is not None
        self.evaluations = max(self.evaluations, int(search.get("evaluations", 0)))
        self.wall_s = max(self.wall_s, float(search.get("wall_s", 0.0)))
        job = self.project.job
        tokens = float(job.global_batch * job.seq_len)
        rows = (*search.get("pareto", ()), *search.get("candidates", ()))
        found = [*self.best, *(seen_of(row, tokens) for row in rows)]
        # What a plan is simulated to do stands before what the cost model made of it.
        self.candidates = list({c.key: c for c in reversed(found)}.values())[::-1]

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
