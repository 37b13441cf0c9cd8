"""`exhaustive`: every genome, costed by the model that the other solvers use (SPEC 9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from tempstudio.core.candidate import OWN_PLACEMENT, Candidate
from tempstudio.core.genomes import variants
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan
from tempstudio.core.strategy import option
from tempstudio.strategies.solvers.objective import OBJECTIVES, values
from tempstudio.strategies.solvers.winners import Winners, degrees_text

AT_ONCE = 256
FINALISTS = 3


@dataclass(frozen=True)
class ExhaustiveOptions:
    """What may be left out without losing the best plan, and what may be tried."""

    objective: str = option(
        "throughput",
        choices=OBJECTIVES,
        help="the shortest step, the least energy a step, most tokens a joule, or least memory",
    )
    skip_hopeless: bool = option(
        True, help="leave out genomes that no placement can make better than the best so far"
    )
    shard_states: bool = option(True, help="try ZeRO 1 to 3 over the replicas as well")
    vary_job: bool = option(True, help="try every micro-batch and recomputation")
    placements: bool = option(
        True, help="try every placement that the mapper offers, in every symmetry"
    )


class Exhaustive:
    """Nothing is guessed: the best of all genomes by the cost model is among those simulated."""

    name = "exhaustive"
    summary = "Every genome in every placement by the cost model, the best simulated in full"
    version = "2.0"
    Options = ExhaustiveOptions

    def solve(
        self,
        problem: Problem,
        options: ExhaustiveOptions,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Iterator[Plan]:
        """Yield every plan that beats all before it; a plan that fits beats any that does not."""
        progress.step(0.0, "listing degrees")
        capacity = problem.project.machine.die.hbm_bytes
        winners = Winners(problem, options.objective)
        top = Top(FINALISTS)
        shapes = problem.shapes
        for row in range(len(shapes)):
            degrees = shapes.degrees(row, problem.least_zero)
            progress.step(row / len(shapes), f"trying {degrees_text(degrees)}")
            if _hopeless(options, shapes.least_s[row], top.best):
                break
            before = top.best
            for candidates in _batches(_genomes(problem, options, row, top), problem, options):
                progress.step(row / len(shapes), f"trying {degrees_text(degrees)}")
                top.add(
                    candidates, values(problem.score_many(candidates), capacity, options.objective)
                )
            if top.best < before:
                yield from winners.of(top.candidates[:1])
        yield from winners.of(top.candidates)
        winners.check()


class Top:
    """The best few candidates."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._rows: list[tuple[float, int, Candidate]] = []
        self._count = 0

    @property
    def best(self) -> float:
        """The best value, inf before there is any."""
        return self._rows[0][0] if self._rows else float("inf")

    @property
    def candidates(self) -> list[Candidate]:
        """The best first; equals in their order."""
        return [candidate for _, _, candidate in self._rows]

    def add(self, candidates: Sequence[Candidate], found: np.ndarray) -> None:
        """Take candidates with their values; inf is none."""
        for place in np.argsort(found, kind="stable")[: self.most].tolist():
            if np.isfinite(found[place]):
                self._rows.append((float(found[place]), self._count + place, candidates[place]))
        self._count += len(candidates)
        self._rows = sorted(self._rows, key=lambda row: row[:2])[: self.most]


def _hopeless(options: ExhaustiveOptions, least_s: float, best: float) -> bool:
    """Shapes come in the order of their least seconds, so that all that follow are no better."""
    return options.skip_hopeless and options.objective == "throughput" and least_s >= best


def _genomes(
    problem: Problem, options: ExhaustiveOptions, row: int, top: Top
) -> Iterator[Candidate]:
    """A shape's variants that a placement may make better than the best so far."""
    job, least = problem.project.job, problem.least_zero
    degrees = problem.shapes.degrees(row, least)
    every = list(variants(degrees, job, least, not options.vary_job))
    if not options.shard_states:
        every = [candidate for candidate in every if candidate.degrees.zero == least]
    if options.skip_hopeless:
        capacity = problem.project.machine.die.hbm_bytes
        bound = values(problem.bound_many(every), capacity, options.objective)
        order = np.argsort(bound, kind="stable").tolist()
        for place in order:
            if bound[place] >= top.best:
                return
            yield every[place]
    else:
        yield from every


def _batches(
    genomes: Iterator[Candidate], problem: Problem, options: ExhaustiveOptions
) -> Iterator[list[Candidate]]:
    """Genomes in all their placements, some hundreds at a time."""
    placed = (one for genome in genomes for one in _placed(genome, problem, options))
    while batch := list(islice(placed, AT_ONCE)):
        yield batch


def _placed(genome: Candidate, problem: Problem, options: ExhaustiveOptions) -> Iterator[Candidate]:
    turned = problem.symmetries() if options.placements else (0,)
    seen: set[tuple[int, ...]] = set()
    for symmetry in turned:
        tilings = problem.tilings(genome.degrees, symmetry)
        for number, placement in enumerate(tilings if options.placements else tilings[:1]):
            if placement not in seen:
                seen.add(placement)
                yield replace(genome, tiling=number, symmetry=symmetry)
    if not seen:
        yield replace(genome, tiling=OWN_PLACEMENT, symmetry=0)
