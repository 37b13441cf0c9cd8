"""`random`: degrees drawn at random, the plainest rival of every search (SPEC 9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan, Score
from tempstudio.core.strategy import option
from tempstudio.strategies.solvers.exhaustive import better, degrees_text


@dataclass(frozen=True)
class RandomOptions:
    """How many choices are drawn."""

    draws: int = option(50, minimum=1, maximum=10**6, help="choices of degrees that are tried")


class RandomSearch:
    """Draws legal degrees without replacement; seeded runs repeat."""

    name = "random"
    summary = "Degrees drawn at random, the best kept"
    version = "1.0"
    Options = RandomOptions

    def solve(
        self,
        problem: Problem,
        options: RandomOptions,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Iterator[Plan]:
        """Yield every plan that beats all drawn before it."""
        candidates = list(problem.degrees())
        best: Score | None = None
        reasons: list[str] = []
        draws = rng.permutation(len(candidates)).tolist()
        tried = 0
        for pick in draws:
            if tried >= options.draws and best is not None:
                break
            degrees = candidates[pick]
            if degrees.shards > 1 and problem.project.degrees is None:
                degrees = replace(degrees, zero=int(rng.integers(degrees.zero, 4)))
            progress.step(min(1.0, tried / options.draws), f"trying {degrees_text(degrees)}")
            try:
                plan = problem.build(degrees)
            except (InputError, NoPlanError) as error:
                reasons.append(str(error))
                continue
            tried += 1
            score = problem.score(plan)
            if best is None or better(score, best):
                best = score
                yield plan
        if best is None:
            first = reasons[0] if reasons else "there are no legal degrees"
            raise NoPlanError(f"none of the degrees can be placed: {first}")
