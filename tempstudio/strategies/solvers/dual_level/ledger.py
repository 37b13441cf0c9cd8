"""What a search has asked so far: estimates before placement, sketches and scores with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.candidate import Candidate
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.strategies.solvers.objective import values

FloatArray = NDArray[np.float64]
Figures = tuple[float, float, float]  # seconds, bytes, joules
Ask = Callable[[Iterable[Candidate]], Mapping[str, FloatArray]]

ALWAYS_ROUTED = 16  # dies
AT_ONCE = 16  # candidates between two looks at whether the search is still wanted


class Ledger:
    """Figures of candidates, each asked once; the dictionaries keep the order of asking.

    `guessed` before dies are chosen, `sketched` on their dies with every flow on its usual route,
    `placed` with the mapper's routes; these two are one where the mapper makes no sketches, and
    on few dies, where routes are soon found and every link counts.
    """

    def __init__(self, problem: Problem, objective: str) -> None:
        self.problem, self.objective = problem, objective
        self.capacity = problem.project.machine.die.hbm_bytes
        self.guessed: dict[Candidate, Figures] = {}
        self.placed: dict[Candidate, Figures] = {}
        dies = problem.project.machine.alive_count
        self.sketches = problem.sketches and dies > ALWAYS_ROUTED
        self.sketched = {} if self.sketches else self.placed
        self._hopeless: set[Candidate] = set()
        self._best = self._least_guess = float("inf")
        self._valued = 0

    def guess(self, wanted: Iterable[Candidate], progress: Progress) -> None:
        """Estimate candidates that were not yet."""
        new = _new(wanted, self.guessed)
        for part in _batches(new, f"{len(self.guessed)} candidates estimated", progress):
            self._enter(part, self.guessed, self.problem.estimate_many)

    def sketch(self, wanted: Iterable[Candidate], progress: Progress) -> None:
        """Sketch candidates on their dies, but not those that no dies can make the best so far."""
        ask = self.problem.sketch_many if self.sketches else self.problem.score_many
        new = [one for one in _new(wanted, self.sketched) if one not in self._hopeless]
        for part in _batches(new, f"{len(self.sketched)} candidates placed", progress):
            hopeful = self._hopeful(part)
            self._enter(hopeful, self.sketched, ask)
            known = (self.value_of(self.sketched[one]) for one in hopeful)
            self._best = min(self._best, min(known, default=np.inf))

    def place(self, wanted: Iterable[Candidate], progress: Progress) -> None:
        """Score candidates with their placements and routes that were not yet."""
        new = _new(wanted, self.placed)
        for part in _batches(new, f"{len(self.placed)} candidates routed", progress):
            self._enter(part, self.placed, self.problem.score_many)

    def seen(self, candidate: Candidate) -> bool:
        """Whether a candidate was sketched, or left out as no dies can make it the best."""
        return candidate in self.sketched or candidate in self._hopeless

    def _hopeful(self, wanted: Sequence[Candidate]) -> list[Candidate]:
        """Candidates whose bound is below the best sketch so far."""
        bound = values(self.problem.bound_many(wanted), self.capacity, self.objective)
        hopeful = [wanted[place] for place in np.flatnonzero(bound < self._best).tolist()]
        self._hopeless.update(set(wanted) - set(hopeful))
        return hopeful

    @staticmethod
    def _enter(candidates: Sequence[Candidate], known: dict[Candidate, Figures], ask: Ask) -> None:
        if candidates:
            columns = ask(candidates)
            rows = zip(*(columns[key].tolist() for key in columns), strict=True)
            known.update(zip(candidates, rows, strict=True))

    @property
    def best_guess(self) -> float:
        """The least value among the estimates, inf before there is any."""
        known = (self.value_of(figures) for figures in list(self.guessed.values())[self._valued :])
        self._least_guess = min(self._least_guess, min(known, default=np.inf))
        self._valued = len(self.guessed)
        return self._least_guess

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


def _new(wanted: Iterable[Candidate], known: Mapping[Candidate, Figures]) -> list[Candidate]:
    return [candidate for candidate in dict.fromkeys(wanted) if candidate not in known]


def _batches(
    candidates: Sequence[Candidate], done: str, progress: Progress
) -> Iterator[Sequence[Candidate]]:
    for first in range(0, len(candidates), AT_ONCE):
        progress.step(first / len(candidates), done)
        yield candidates[first : first + AT_ONCE]


def distinct(candidates: Sequence[Candidate], most: int, by_chunks: bool = True) -> list[Candidate]:
    """The first candidate of each shape, at most so many; `by_chunks`: shapes that differ only in
    the model chunks of a stage are two."""
    found: dict[object, Candidate] = {}
    for candidate in candidates:
        degrees = candidate.degrees
        key = degrees.shape, degrees.ep, degrees.interleave if by_chunks else 1
        found.setdefault(key, candidate)
        if len(found) == most:
            break
    return list(found.values())
