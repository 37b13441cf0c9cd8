"""`annealing`: simulated annealing over the degrees, by `scipy.optimize.dual_annealing`.

Legal degrees are points in a space of logarithms, so that doubling an axis is a step of one
wherever it starts; a point of the search stands for the legal degrees nearest to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

import tempstudio as ts

ILLEGAL = 1e6  # dual annealing wants finite values
DOES_NOT_FIT = 1e3


@dataclass(frozen=True)
class AnnealingOptions:
    """How long and how boldly to search."""

    plans: int = ts.option(60, minimum=1, maximum=10**6, help="different plans that are scored")
    patience: int = ts.option(
        3, minimum=1, maximum=1000, help="rounds without a new plan before the search ends"
    )
    temperature: float = ts.option(
        5230.0, minimum=0.02, maximum=5e4, help="temperature at the start of a round"
    )


class Annealing:
    """Rounds of annealing, each from the best plan of those before."""

    name = "annealing"
    summary = "Simulated annealing over the degrees (SciPy's dual annealing)"
    version = "1.0"
    Options = AnnealingOptions

    def solve(
        self,
        problem: ts.Problem,
        options: AnnealingOptions,
        rng: np.random.Generator,
        progress: ts.Progress,
    ) -> Iterator[ts.Plan]:
        """Yield every plan that beats all before it."""
        from scipy.optimize import dual_annealing

        landscape = Landscape(problem, options.plans, progress)
        start = landscape.first()
        yield from landscape.improvements()
        idle = 0
        while idle < options.patience and not landscape.exhausted:
            before = landscape.scored
            dual_annealing(
                landscape.value,
                landscape.bounds,
                maxiter=10,
                initial_temp=options.temperature,
                no_local_search=True,
                x0=start,
                rng=rng,
            )
            yield from landscape.improvements()
            start = landscape.best_point
            idle = idle + 1 if landscape.scored == before else 0


class Landscape:
    """What the annealing walks on: values of points, and the plans they stand for."""

    def __init__(self, problem: ts.Problem, most: int, progress: ts.Progress) -> None:
        self.problem, self.most, self.progress = problem, most, progress
        self.candidates = list(problem.degrees())
        if not self.candidates:
            raise ts.NoPlanError("annealing: there are no legal degrees")
        self.points = np.log2([degrees.shape for degrees in self.candidates])
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        # Dual annealing refuses bounds of no width; the last axis is the level of ZeRO.
        self.bounds = [*zip(low, np.maximum(high, low + 1e-3), strict=True), (-0.5, 3.5)]
        self.values: dict[ts.Degrees, float] = {}
        self.scored = 0
        self.best = math.inf
        self.best_point = np.zeros(6)
        self._better: list[ts.Plan] = []

    @property
    def exhausted(self) -> bool:
        """Whether as many plans were scored as the options allow."""
        return self.scored >= self.most

    def first(self) -> np.ndarray:
        """The point of the first degrees that can be built; `NoPlanError` where none can."""
        for degrees in self.candidates:
            if self.evaluate(degrees) < ILLEGAL:
                self.best_point = np.array([*np.log2(degrees.shape), degrees.zero])
                return self.best_point
        raise ts.NoPlanError("annealing: none of the legal degrees can be placed")

    def value(self, point: np.ndarray) -> float:
        """The value of the degrees nearest to a point; what is known is not scored again."""
        nearest = int(((self.points - point[:5]) ** 2).sum(axis=1).argmin())
        degrees = self.candidates[nearest]
        if degrees.shards > 1 and self.problem.project.degrees is None:
            level = min(3, max(degrees.zero, round(float(point[5]))))
            degrees = replace(degrees, zero=level)
        if degrees not in self.values and self.exhausted:
            return ILLEGAL
        before = self.best
        found = self.evaluate(degrees)
        if found < before:
            self.best_point = np.array(point)
        return found

    def evaluate(self, degrees: ts.Degrees) -> float:
        """The logarithm of the step time, with a penalty for what does not fit."""
        if degrees in self.values:
            return self.values[degrees]
        self.progress.step(self.scored / self.most, f"{self.scored} plans scored")
        try:
            plan = self.problem.build(degrees)
        except (ts.InputError, ts.NoPlanError):
            self.values[degrees] = ILLEGAL
            return ILLEGAL
        self.scored += 1
        score = self.problem.score(plan)
        found = math.log(score.step_time_s)
        if not score.fits:
            found = DOES_NOT_FIT + math.log(score.memory.peak_bytes)
        self.values[degrees] = found
        if found < self.best:
            self.best = found
            self._better.append(plan)
        return found

    def improvements(self) -> Iterator[ts.Plan]:
        """The plans found since the last call that beat all before them."""
        found, self._better = self._better, []
        yield from found
