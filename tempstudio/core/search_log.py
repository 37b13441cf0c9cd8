"""What a search has seen: a bounded sample of candidates, and those that nothing else beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.candidate import Candidate

FloatArray = NDArray[np.float64]

MOST_SAMPLED = 400
MOST_PARETO = 64


@dataclass(frozen=True)
class Seen:
    """A candidate and its figures: seconds, bytes of the fullest die, joules.

    `simulated` in full, or estimated by the cost model.
    """

    candidate: Candidate
    step_time_s: float
    peak_bytes: float
    energy_j: float
    simulated: bool = False


class SearchLog:
    """Takes every scored candidate; keeps every 2^k-th of them and the Pareto set.

    `notes` is what the solver has to say of its search.

    The Pareto set is over step time, peak memory and energy, of candidates that fit.
    """

    def __init__(self, capacity_bytes: float) -> None:
        self.capacity_bytes = capacity_bytes
        self.sample: list[Seen] = []
        self.notes: list[str] = []
        self._stride, self._count = 1, 0
        self._front: list[Seen] = []
        self._simulated: dict[Candidate, Seen] = {}

    def note(
        self, candidates: Sequence[Candidate], figures: FloatArray, simulated: bool = False
    ) -> None:
        """Candidates with their figures [candidates, (seconds, bytes, joules)]; inf is illegal.

        What is `simulated` takes the place of its own estimate in `pareto`.
        """
        legal = np.flatnonzero(np.isfinite(figures).all(axis=1))
        for place in legal.tolist():
            if self._count % self._stride == 0:
                self.sample.append(_seen(candidates[place], figures[place], simulated))
                if len(self.sample) > MOST_SAMPLED:
                    self.sample = self.sample[::2]
                    self._stride *= 2
            self._count += 1
        fitting = legal[figures[legal, 1] <= self.capacity_bytes]
        if len(fitting):
            fit = [candidates[k] for k in fitting.tolist()]
            self._merge(fit, figures[fitting], simulated)
        if simulated:
            for place in legal.tolist():
                self._simulated[candidates[place]] = _seen(candidates[place], figures[place], True)

    def _merge(self, candidates: Sequence[Candidate], figures: FloatArray, simulated: bool) -> None:
        known = np.array([_figures(seen) for seen in self._front]).reshape(-1, 3)
        beaten = (known[None] <= figures[:, None]).all(axis=-1).any(axis=-1)
        left = np.flatnonzero(~beaten)
        new = left[undominated(figures[left])]
        if not len(new):
            return
        both = self._front + [_seen(candidates[k], figures[k], simulated) for k in new.tolist()]
        kept = undominated(np.array([_figures(seen) for seen in both]))
        self._front = [both[k] for k in kept.tolist()]

    @property
    def front(self) -> tuple[Seen, ...]:
        """The candidates that no other beats in every figure as they were first told."""
        return tuple(sorted(self._front, key=_figures))

    @property
    def pareto(self) -> tuple[Seen, ...]:
        """The candidates that no other beats in every figure, the fastest first, thinned evenly;
        by their simulation where there was one."""
        known = [self._simulated.get(seen.candidate, seen) for seen in self._front]
        fit = [seen for seen in known if seen.peak_bytes <= self.capacity_bytes]
        table = np.array([_figures(seen) for seen in fit]).reshape(-1, 3)
        ordered = [fit[k] for k in undominated(table).tolist()]
        if len(ordered) <= MOST_PARETO:
            return tuple(ordered)
        places = np.linspace(0, len(ordered) - 1, MOST_PARETO).round().astype(int)
        return tuple(ordered[place] for place in places.tolist())


def undominated(figures: FloatArray) -> NDArray[np.int64]:
    """Rows that no other row matches or beats everywhere, equal ones once; the first figure rises.

    >>> undominated(np.array([[1.0, 5.0], [2.0, 4.0], [2.0, 6.0]])).tolist()
    [0, 1]
    """
    kept: list[int] = []
    front = np.empty((0, figures.shape[1]))
    for row in np.lexsort(figures.T[::-1]).tolist():
        if not (front <= figures[row]).all(axis=1).any():
            kept.append(row)
            front = np.concatenate([front, figures[row][None]])
    return np.array(kept, dtype=np.int64)


def _seen(candidate: Candidate, figures: FloatArray, simulated: bool) -> Seen:
    seconds, held, energy = (float(figure) for figure in figures)
    return Seen(candidate, seconds, held, energy, simulated)


def _figures(seen: Seen) -> tuple[float, float, float]:
    return seen.step_time_s, seen.peak_bytes, seen.energy_j
