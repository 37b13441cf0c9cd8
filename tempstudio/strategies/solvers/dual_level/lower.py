"""The lower level: a genetic algorithm over degrees, job and placement together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tempstudio.core.candidate import OWN_PLACEMENT, Candidate
from tempstudio.core.genomes import PRIMES, RECOMPUTE, SHAPE, micro_batches, zero_levels
from tempstudio.core.parallel import Degrees
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.strategies.solvers.dual_level.ledger import Ledger

ELITE = 0.25


class Breeding:
    """Mutates and crosses candidates of one problem."""

    def __init__(self, problem: Problem, rng: np.random.Generator, fixed_job: bool) -> None:
        self.problem, self.rng, self.fixed_job = problem, rng, fixed_job
        shapes = problem.shapes
        self._near = max(8, int((shapes.least_s <= 1.3 * shapes.least_s[0]).sum()))
        self.turned = problem.distinct_symmetries()

    def child(self, one: Candidate, other: Candidate) -> Candidate:
        """One parent's shape with the other's job and turn, changed in one or two genes."""
        degrees = one.degrees
        if self.rng.random() < 0.5:
            levels = zero_levels(degrees, self.problem.least_zero)
            zero = other.degrees.zero if other.degrees.zero in levels else degrees.zero
            one = replace(
                one,
                degrees=replace(degrees, zero=zero),
                recompute=other.recompute,
                micro_batch=self._fitting(degrees, other.micro_batch),
                symmetry=other.symmetry if one.tiling != OWN_PLACEMENT else 0,
            )
        for _ in range(1 + int(self.rng.random() < 0.4)):
            one = self.mutant(one)
        return one

    def mutant(self, one: Candidate) -> Candidate:
        """One gene changed."""
        genes = [self._shape, self._zero]
        if not self.fixed_job:
            genes += [self._micro_batch, self._recompute]
        if one.tiling != OWN_PLACEMENT:
            genes += [self._tiling, self._symmetry]
        return genes[int(self.rng.integers(len(genes)))](one)

    def placed(self, one: Candidate) -> list[Candidate]:
        """The candidate in every placement of every symmetry; itself where none are offered."""
        found = [
            replace(one, tiling=number, symmetry=symmetry)
            for symmetry in self.turned
            for number in range(len(self.problem.tilings(one.degrees, symmetry)))
        ]
        return found or [replace(one, tiling=OWN_PLACEMENT, symmetry=0)]

    def seats(self, one: Candidate, most: int) -> list[Candidate]:
        """The first few placements, unturned ones first; itself where none are offered."""
        found: list[Candidate] = []
        for symmetry in self.turned:
            count = len(self.problem.tilings(one.degrees, symmetry))
            found += [replace(one, tiling=number, symmetry=symmetry) for number in range(count)]
            if len(found) >= most:
                break
        return found[:most] or [replace(one, tiling=OWN_PLACEMENT, symmetry=0)]

    def _shape(self, one: Candidate) -> Candidate:
        """A prime factor moved from one axis to another, or any shape that is near the best."""
        degrees = one.degrees
        row = [getattr(degrees, name) for name in SHAPE]
        if self.rng.random() < 0.7:
            source, target = self.rng.choice([1, 2, 3, 4], 2, replace=False)
            factors = [p for p in PRIMES if row[source] % p == 0]
            if not factors:
                return one
            prime = factors[int(self.rng.integers(len(factors)))]
            row[source] //= prime
            row[target] *= prime
        else:
            number = int(self.rng.integers(min(self._near, len(self.problem.shapes))))
            row = self.problem.shapes.table[number].tolist()
        number = self.problem.shapes.row_of.get(tuple(row), -1)
        if number < 0:
            return one
        changed = self.problem.shapes.degrees(number, degrees.zero)
        levels = zero_levels(changed, self.problem.least_zero)
        changed = replace(changed, zero=min(levels, key=lambda z: abs(z - degrees.zero)))
        size = self._fitting(changed, one.micro_batch)
        return self._seated(replace(one, degrees=changed, micro_batch=size))

    def _seated(self, one: Candidate) -> Candidate:
        """A tiling that exists for the candidate's degrees."""
        if one.tiling == OWN_PLACEMENT:
            return one
        count = len(self.problem.tilings(one.degrees, one.symmetry))
        return replace(one, tiling=min(one.tiling, count - 1) if count else 0)

    def _fitting(self, degrees: Degrees, size: int) -> int:
        if self.fixed_job or size == 0:
            return size
        return min(size, micro_batches(degrees, self.problem.project.job)[-1])

    def _zero(self, one: Candidate) -> Candidate:
        levels = zero_levels(one.degrees, self.problem.least_zero)
        zero = levels[int(self.rng.integers(len(levels)))]
        return replace(one, degrees=replace(one.degrees, zero=zero))

    def _micro_batch(self, one: Candidate) -> Candidate:
        sizes = micro_batches(one.degrees, self.problem.project.job)
        return replace(one, micro_batch=sizes[int(self.rng.integers(len(sizes)))])

    def _recompute(self, one: Candidate) -> Candidate:
        return replace(one, recompute=RECOMPUTE[int(self.rng.integers(len(RECOMPUTE)))])

    def _tiling(self, one: Candidate) -> Candidate:
        count = len(self.problem.tilings(one.degrees, one.symmetry))
        return replace(one, tiling=int(self.rng.integers(max(1, count))))

    def _symmetry(self, one: Candidate) -> Candidate:
        symmetry = self.turned[int(self.rng.integers(len(self.turned)))]
        return self._seated(replace(one, symmetry=symmetry))


def evolve(
    breeding: Breeding,
    ledger: Ledger,
    seeds: Sequence[Candidate],
    population: int,
    budget: int,
    patience: int,
    progress: Progress,
) -> Iterator[Candidate]:
    """Generations of sketched candidates; yields the best after each that brought a better one.

    Children are estimated first; of twice as many as there is room for the better half is sketched.
    Ends after `budget` placements, or `patience` generations without a better one.
    """
    rng = breeding.rng
    start = len(ledger.sketched)
    ledger.sketch(seeds[:population], progress.part(0.0, 0.2))
    best: Candidate | None = None
    idle = 0
    while True:
        ranked = ledger.ranked(ledger.sketched)
        if not ranked:
            return
        if ranked[0] != best:
            best, idle = ranked[0], 0
            yield best
        else:
            idle += 1
        left = budget - (len(ledger.sketched) - start)
        if left <= 0 or idle >= patience:
            return
        parents = ranked[: max(2, int(population * ELITE))]
        children = [
            breeding.child(*(parents[int(k)] for k in rng.integers(len(parents), size=2)))
            for _ in range(2 * population)
        ]
        new = [c for c in dict.fromkeys(children) if not ledger.seen(c)]
        done = 1.0 - left / budget
        part = progress.part(0.2 + 0.8 * done, 1.0)
        chosen = _promising(ledger, new, min(population // 2, left), part)
        ledger.sketch(chosen, part)


def _promising(
    ledger: Ledger, children: Sequence[Candidate], most: int, progress: Progress
) -> list[Candidate]:
    """The children whose estimate is best."""
    bare = {child: replace(child, tiling=OWN_PLACEMENT, symmetry=0) for child in children}
    ledger.guess(bare.values(), progress)
    guesses = [(ledger.value_of(ledger.guessed[bare[c]]), k) for k, c in enumerate(children)]
    order = [k for found, k in sorted(guesses) if np.isfinite(found)]
    return [children[k] for k in order[:most]]
