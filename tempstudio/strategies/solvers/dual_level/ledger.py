"""What a search has asked so far: estimates before placement, scores with it, each asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.candidate import Candidate
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.strategies.solvers.objective import values

FloatArray = NDArray[np.float64]
Figures = tuple[float, float, float]  # seconds, bytes, joules

AT_ONCE = 16  # candidates between two looks at whether the search is still wanted


class Ledger:
    """Figures and values of candidates; both dictionaries keep the order of asking."""

    def __init__(self, problem: Problem, objective: str) -> None:
        self.problem, self.objective = problem, objective
        self.capacity = problem.project.machine.die.hbm_bytes
        self.guessed: dict[Candidate, Figures] = {}
        self.placed: dict[Candidate, Figures] = {}

    def guess(self, wanted: Iterable[Candidate], progress: Progress) -> None:
        """Estimate candidates that were not yet."""
        self._ask(wanted, self.guessed, self.problem.estimate_many, "estimated", progress)

    def place(self, wanted: Iterable[Candidate], progress: Progress) -> None:
        """Score candidates with their placements that were not yet."""
        self._ask(wanted, self.placed, self.problem.score_many, "placed", progress)

    def _ask(
        self,
        wanted: Iterable[Candidate],
        known: dict[Candidate, Figures],
        ask: Callable[[Iterable[Candidate]], Mapping[str, FloatArray]],
        done: str,
        progress: Progress,
    ) -> None:
        new = [candidate for candidate in dict.fromkeys(wanted) if candidate not in known]
        for first in range(0, len(new), AT_ONCE):
            progress.step(first / len(new), f"{len(known)} candidates {done}")
            part = new[first : first + AT_ONCE]
            columns = ask(part)
            rows = zip(*(columns[key].tolist() for key in columns), strict=True)
            known.update(zip(part, rows, strict=True))

    def value_of(self, figures: Figures) -> float:
        """The value of some figures."""
        columns = {
            "step_time_s": np.array([figures[0]]),
            "memory_bytes": np.array([figures[1]]),
            "energy_j": np.array([figures[2]]),
        }
        return float(values(columns, self.capacity, self.objective)[0])

    def ranked(self, known: Mapping[Candidate, Figures]) -> list[Candidate]:
        """Candidates, the best first; those asked earlier first among equals; none illegal."""
        every = list(known)
        if not every:
            return []
        table = np.array([known[candidate] for candidate in every])
        columns = dict(zip(("step_time_s", "memory_bytes", "energy_j"), table.T, strict=True))
        found = values(columns, self.capacity, self.objective)
        order = np.argsort(found, kind="stable")
        return [every[k] for k in order.tolist() if np.isfinite(found[k])]


def distinct(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """The first candidate of each shape, at most so many."""
    found: dict[object, Candidate] = {}
    for candidate in candidates:
        degrees = candidate.degrees
        key = degrees.shape, degrees.ep, degrees.interleave
        found.setdefault(key, candidate)
        if len(found) == most:
            break
    return list(found.values())
