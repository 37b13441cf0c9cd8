"""`dual-level`: degrees by estimate and dynamic programming, then placement and all by breeding.

After TEMP (HPCA 2026), section on dual-level wafer solving; SPEC 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from tempstudio.core.candidate import Candidate
from tempstudio.core.errors import NoPlanError
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan
from tempstudio.core.strategy import offers_placements, option
from tempstudio.strategies.solvers.dual_level.ledger import Ledger, distinct
from tempstudio.strategies.solvers.dual_level.lower import Breeding, evolve
from tempstudio.strategies.solvers.dual_level.operators import OperatorSearch
from tempstudio.strategies.solvers.dual_level.upper import Upper
from tempstudio.strategies.solvers.objective import OBJECTIVES
from tempstudio.strategies.solvers.winners import Winners

SEEDS = 16  # shapes that are bred from
TRIED = 3  # placements of each, as some may not be able to stream
REFINED = 2  # shapes whose placements are all tried at the end
ROUTED = 12  # candidates whose routes are chosen at the end
PROMISES = 4  # shapes, the best by estimate, that are placed wherever they may be
PROMISING = 1.01  # x the best sketch: where estimates are no better, they are not
VAIN = 4  # candidates in a row whose routes made no better plan, before no more are routed
WORTH_SHOWING = 0.99  # of what was shown last: what a generation finds is built if it takes less
FINALISTS = 3  # that are simulated in full at the end
FEW_DIES = 64  # on larger machines as many fewer placements are tried as these are more
MANY_DIES = 1024
OWN_SHARE = 0.2  # of the placements, where the mapper works each out anew


@dataclass(frozen=True)
class DualLevelOptions:
    """What is searched for, and how widely."""

    objective: str = option(
        "throughput",
        choices=OBJECTIVES,
        help="the shortest step, the least energy a step, most tokens a joule, or least memory",
    )
    breadth: int = option(
        1200, minimum=10, maximum=10**6, help="candidates estimated before dies are chosen"
    )
    placements: int = option(240, minimum=1, maximum=10**6, help="candidates scored on their dies")
    population: int = option(24, minimum=2, maximum=10**4, help="candidates of a generation")
    patience: int = option(
        4, minimum=1, maximum=1000, help="generations without a better one before it ends"
    )
    vary_job: bool = option(True, help="choose micro-batch and recomputation as well")
    operators: bool = option(True, help="let operators have degrees and layouts of their own")


class DualLevel:
    """Degrees first, on a network without a place; then everything together on the dies."""

    name = "dual-level"
    summary = "Dynamic programming over operators, then a genetic search over degrees and dies"
    version = "1.0"
    Options = DualLevelOptions

    def solve(
        self,
        problem: Problem,
        options: DualLevelOptions,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Iterator[Plan]:
        """Yield every plan that beats all before it, simulated in full."""
        progress.step(0.0, "listing degrees")
        if not len(problem.shapes):
            raise NoPlanError("none of the degrees can be placed: there are no legal degrees")
        search = Search(problem, options, rng)
        yield from search.start(progress.part(0.0, 0.05))
        seeds = search.upper_level(progress.part(0.05, 0.4))
        yield from search.lower_level(seeds, progress.part(0.4, 0.9))
        yield from search.finish(progress.part(0.9, 1.0))
        search.winners.check()


class Search:
    """One search: its levels in turn."""

    def __init__(
        self, problem: Problem, options: DualLevelOptions, rng: np.random.Generator
    ) -> None:
        self.problem, self.options = problem, options
        self.ledger = Ledger(problem, options.objective)
        self.winners = Winners(problem, options.objective)
        fixed = not options.vary_job
        self.upper = Upper(problem, self.ledger, options.breadth, fixed)
        self.breeding = Breeding(problem, rng, fixed)
        dies = problem.project.machine.alive_count
        share = 1.0 if offers_placements(problem.mapper) else OWN_SHARE
        share *= min(1.0, FEW_DIES / dies)
        self.large = dies > MANY_DIES
        self.budget = max(2 * FINALISTS, int(options.placements * share))

    def start(self, progress: Progress) -> Iterator[Plan]:
        """A first plan from the first few shapes, unless simulating one takes much of a minute."""
        if self.large:
            return
        for candidate in self.upper.first(progress):
            for placed in self.breeding.seats(candidate, TRIED):
                yield from self.winners.of([placed])
                if np.isfinite(self.winners.best):
                    return

    def upper_level(self, progress: Progress) -> list[Candidate]:
        """Candidates without a place, the best first."""
        ranked = self.upper.search(progress.part(0.0, 0.7))
        if not self.options.operators:
            return ranked
        search = OperatorSearch(self.problem, self.ledger)
        best = distinct(ranked, 2)
        own = []
        for number, candidate in enumerate(best):
            part = progress.part(0.7 + 0.15 * number, 0.85 + 0.15 * number)
            own += search.refine(candidate, part)
        self.ledger.guess(own, progress.part(1.0, 1.0))
        return self.ledger.ranked(self.ledger.guessed)

    def lower_level(self, ranked: Sequence[Candidate], progress: Progress) -> Iterator[Plan]:
        """Breed from the best of the upper level, with what was shown already."""
        own = [c for c in ranked if c.degrees.operators][:1]
        tried = 1 if self.large else TRIED
        bare = [*distinct(ranked, SEEDS), *own, *ranked[:SEEDS]]
        placed = [self.breeding.seats(c, tried) for c in list(dict.fromkeys(bare))[: self.budget]]
        seeds = [c for row in zip_longest(*placed) for c in row if c is not None]
        generations = evolve(
            self.breeding,
            self.ledger,
            seeds[: self.budget],
            self.options.population,
            self.budget,
            self.options.patience,
            progress,
        )
        shown = float("inf")
        for best in generations:
            found = self.ledger.value_of(self.ledger.sketched[best])
            if found < WORTH_SHOWING * shown:  # routes and a simulation take their time
                shown = found
                yield from self.winners.of([best])

    def finish(self, progress: Progress) -> Iterator[Plan]:
        """Every placement of the best genome, its variants there; then the finalists in full."""
        if self.budget > 4 * FINALISTS:
            for turn in range(REFINED):
                part = progress.part(0.2 * turn, 0.2 * (turn + 1))
                best = distinct(self.ledger.ranked(self.ledger.sketched), turn + 1)
                if len(best) > turn:
                    self._refine(best[turn], part)
            self._hold_to_promises(progress.part(0.4, 0.5))
        sketched = self.ledger.ranked(self.ledger.sketched)
        if not self.large:
            self._route(sketched[:ROUTED], progress.part(0.5, 0.8))
        ranked = self.ledger.ranked(self.ledger.placed) or sketched
        progress.step(0.8, "simulating the best in full")
        yield from self.winners.of(ranked[: 1 if self.large else FINALISTS])

    def _route(self, ranked: Sequence[Candidate], progress: Progress) -> None:
        """Routes for candidates, the best sketch first, until several in a row were in vain."""
        best, idle = float("inf"), 0
        for number, one in enumerate(ranked):
            done = number / len(ranked)
            self.ledger.place([one], progress.part(done, done + 1.0 / len(ranked)))
            found = self.ledger.value_of(self.ledger.placed[one])
            best, idle = (found, 0) if found < best else (best, idle + 1)
            if idle == VAIN:
                return

    def _hold_to_promises(self, progress: Progress) -> None:
        """Every unturned placement of shapes whose estimates are about as good as what was found.

        Only few of a shape's placements were bred from, and its first need not be its best.
        """
        ledger = self.ledger
        guessed = distinct(ledger.ranked(ledger.guessed), PROMISES)
        for number, one in enumerate(guessed):
            best = ledger.ranked(ledger.sketched)
            least = ledger.value_of(ledger.sketched[best[0]]) if best else float("inf")
            if ledger.value_of(ledger.guessed[one]) > PROMISING * least:
                return
            part = progress.part(number / len(guessed), (number + 1) / len(guessed))
            seats = self.breeding.seats(one, max(1, len(self.problem.tilings(one.degrees))))
            ledger.sketch(seats, part)
            if ledger.ranked(ledger.sketched)[:1] != best[:1]:
                self._refine(ledger.ranked(ledger.sketched)[0], part)

    def _refine(self, one: Candidate, progress: Progress) -> None:
        """Every placement of a genome, then its variants in the best of them."""
        ledger = self.ledger
        placements = self.breeding.placed(one)
        ledger.sketch(placements, progress.part(0.0, 0.7))
        known = [c for c in placements if c in ledger.sketched]
        here = min(known, key=lambda c: ledger.value_of(ledger.sketched[c]))
        common = replace(here, degrees=replace(here.degrees, operators=()))
        variants = (
            replace(c, tiling=here.tiling, symmetry=here.symmetry)
            for one in dict.fromkeys((here, common))
            for axis in range(3)
            for c in self.upper.along(one, axis)
        )
        ledger.sketch(variants, progress.part(0.7, 1.0))
