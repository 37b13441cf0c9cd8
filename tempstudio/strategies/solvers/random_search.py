"""`random`: genomes drawn at random, the plainest rival of every search (SPEC 9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tempstudio.core.candidate import Candidate
from tempstudio.core.genomes import variants
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan
from tempstudio.core.strategy import option
from tempstudio.strategies.solvers.objective import OBJECTIVES, values
from tempstudio.strategies.solvers.winners import Winners, degrees_text

MOST_REFUSED = 100  # draws in a row that cannot be built, before it gives up


@dataclass(frozen=True)
class RandomOptions:
    """What is searched for, and how many genomes are drawn."""

    objective: str = option(
        "throughput",
        choices=OBJECTIVES,
        help="the shortest step, the least energy a step, most tokens a joule, or least memory",
    )
    draws: int = option(50, minimum=1, maximum=10**6, help="genomes that are tried")
    vary_job: bool = option(True, help="draw micro-batch and recomputation as well")


class RandomSearch:
    """Draws genomes of the space that the other solvers search; seeded runs repeat."""

    name = "random"
    summary = "Genomes drawn at random, each that seems better simulated in full"
    version = "2.0"
    Options = RandomOptions

    def solve(
        self,
        problem: Problem,
        options: RandomOptions,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Iterator[Plan]:
        """Yield every plan that beats all drawn before it."""
        progress.step(0.0, "listing degrees")
        capacity = problem.project.machine.die.hbm_bytes
        winners = Winners(problem, options.objective)
        best, tried, refused = float("inf"), 0, 0
        while len(problem.shapes) and tried < options.draws:
            candidate = draw(problem, rng, not options.vary_job)
            progress.step(tried / options.draws, f"trying {degrees_text(candidate.degrees)}")
            found = float(values(problem.score_many([candidate]), capacity, options.objective)[0])
            if not np.isfinite(found):
                refused += 1
                if refused > MOST_REFUSED and (refused > 10 * MOST_REFUSED or tried):
                    break
                continue
            tried, refused = tried + 1, 0
            if found < best:
                best = found
                yield from winners.of([candidate])
        winners.check()


def draw(problem: Problem, rng: np.random.Generator, fixed_job: bool) -> Candidate:
    """Any shape, any variant of it, any of its placements."""
    row = int(rng.integers(len(problem.shapes)))
    degrees = problem.shapes.degrees(row, problem.least_zero)
    own = Candidate(degrees)  # refused where no micro-batch goes with its model chunks
    job, least = problem.project.job, problem.least_zero
    every = list(variants(degrees, job, least, fixed_job)) or [own]
    candidate = every[int(rng.integers(len(every)))]
    symmetry = int(rng.choice(problem.symmetries()))
    tilings = problem.tilings(degrees, symmetry)
    if not tilings:
        return candidate
    return replace(candidate, tiling=int(rng.integers(len(tilings))), symmetry=symmetry)
