"""`exhaustive`: every genome, costed by the model that the other solvers use (SPEC 9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product

import numpy as np

from tempstudio.core.candidate import OWN_PLACEMENT, Candidate
from tempstudio.core.genomes import variants
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan
from tempstudio.core.strategy import option
from tempstudio.strategies.solvers.dual_level.cuts import choosing, ways_of
from tempstudio.strategies.solvers.objective import OBJECTIVES, values
from tempstudio.strategies.solvers.winners import Winners, degrees_text

AT_ONCE = 256
BOUNDED = 4096  # genomes whose bounds are looked at together
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
    operators: bool = option(
        False,
        help="try all degrees and layouts of operators' own, thousands for each genome: for few "
        "dies only",
    )
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
    capacity = problem.project.machine.die.hbm_bytes
    every = every_genome(problem, options, row)
    while some := list(islice(every, BOUNDED)):
        if not options.skip_hopeless:
            yield from some
            continue
        bound = values(problem.bound_many(some), capacity, options.objective)
        for place in np.argsort(bound, kind="stable").tolist():
            if bound[place] >= top.best:
                break
            yield some[place]


def every_genome(problem: Problem, options: ExhaustiveOptions, row: int) -> Iterator[Candidate]:
    """Every job and ZeRO level of a shape, and with each every choice of its operators' own."""
    job, least = problem.project.job, problem.least_zero
    degrees = problem.shapes.degrees(row, least)
    names = [name for chain in choosing(problem.project.model) for name in chain]
    for genome in variants(degrees, job, least, not options.vary_job):
        if genome.degrees.zero > least and not options.shard_states:
            continue
        yield genome
        if not options.operators or degrees.block == 1:
            continue
        for choice in product(*((None, *ways_of(degrees, name)) for name in names)):
            own = tuple(way for way in choice if way is not None)
            if own:
                yield replace(genome, degrees=replace(genome.degrees, operators=own))


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
