"""From candidates to plans: what the cost model likes best is built and simulated in full."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from tempstudio.core.candidate import Candidate
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.parallel import Degrees
from tempstudio.core.problem import Problem
from tempstudio.core.run import Plan
from tempstudio.strategies.solvers.objective import value


class Winners:
    """Builds and simulates candidates, each once; hands out the plans that beat all before."""

    def __init__(self, problem: Problem, objective: str) -> None:
        self.problem, self.objective = problem, objective
        self.best = math.inf
        self.reason = ""
        self._tried: set[Candidate] = set()

    def of(self, candidates: Iterable[Candidate]) -> Iterator[Plan]:
        """The plans among these that beat all before them, by their simulation."""
        for candidate in candidates:
            if candidate in self._tried:
                continue
            self._tried.add(candidate)
            try:
                plan = self.problem.build(candidate)
            except (InputError, NoPlanError) as error:
                self.reason = self.reason or str(error)
                continue
            found = value(self.problem.score(plan), self.objective)
            if found < self.best:
                self.best = found
                yield plan

    def check(self) -> None:
        """Raise `NoPlanError` with the first reason where nothing could be built."""
        if not math.isfinite(self.best):
            reason = self.reason or "there are no legal degrees"
            raise NoPlanError(f"none of the degrees can be placed: {reason}")


def degrees_text(degrees: Degrees) -> str:
    """The axes above 1, for a caption."""
    names = ("pp", "dp", "sp", "tp", "stream")
    shown = [f"{n} {v}" for n, v in zip(names, degrees.shape, strict=True) if v > 1]
    return ", ".join(shown) or "one die"
