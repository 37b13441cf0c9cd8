"""The upper level: which degrees and job, before any die is chosen.

Shapes come in the order of their least seconds, as long as these leave them a chance.  Each is
probed at the two ends of what memory may ask, then with the largest micro-batches that memory seems
to have room for; neighbours of the best are probed until none is better.  The best are refined axis
by axis, the very best in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite

from tempstudio.core.candidate import Candidate
from tempstudio.core.genomes import RECOMPUTE, Shapes, micro_batches, variants, zero_levels
from tempstudio.core.parallel import Degrees
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.strategies.solvers.dual_level.ledger import Ledger, distinct

PROBES = 7  # of a shape
AT_ONCE = 16  # shapes that are probed between two looks at what is hopeless
HOPELESS = 1.25  # x the best estimate: shapes whose arithmetic alone takes as long are left out
FIRST = 12  # shapes that are probed before a first plan is shown
CLIMBED = 3  # shapes whose neighbours are probed, in as many turns
FULL = 6  # shapes of which every variant is estimated


@dataclass(frozen=True, eq=False)
class Upper:
    """One problem's shapes, estimated into a ledger; `breadth` bounds the estimates, roughly."""

    problem: Problem
    ledger: Ledger
    breadth: int
    fixed_job: bool
    probed: set[int] = field(default_factory=set)

    @property
    def shapes(self) -> Shapes:
        """All shapes, the most promising first."""
        return self.problem.shapes

    def first(self, progress: Progress) -> list[Candidate]:
        """The best of the first few shapes: something to show at once."""
        rows = self.shapes.spread(FIRST)
        self.ledger.guess((c for row in rows for c in self._probes(row)), progress)
        return self.ledger.ranked(self.ledger.guessed)[:1]

    def search(self, progress: Progress) -> list[Candidate]:
        """Candidates of different shapes, the best first."""
        rows = self.shapes.spread(max(FIRST, self.breadth // (2 * PROBES)))
        for first in range(0, len(rows), AT_ONCE):
            part = progress.part(0.5 * first / len(rows), 0.5 * (first + AT_ONCE) / len(rows))
            self._probe([row for row in rows[first : first + AT_ONCE] if self._hopeful(row)], part)
        ways = 2 if self.problem.project.machine.wafers > 1 else 1  # stages and chunks besides
        most = max(AT_ONCE // 2, ways * self.breadth // (8 * PROBES))
        self._climb(most, progress.part(0.5, 0.5))
        kept = max(FULL, self.breadth // 60)
        for turn in range(2):
            best = distinct(self.ledger.ranked(self.ledger.guessed), kept)
            for axis in range(3):
                part = progress.part(
                    0.5 + turn * 0.15 + axis * 0.05, 0.55 + turn * 0.15 + axis * 0.05
                )
                self.ledger.guess((c for one in best for c in self.along(one, axis)), part)
                best = distinct(self.ledger.ranked(self.ledger.guessed), kept)
        full = max(1, min(FULL, self.breadth // 200))
        whole = distinct(self.ledger.ranked(self.ledger.guessed), full)
        every = (c for one in whole for c in self._variants(one))
        self.ledger.guess(every, progress.part(0.8, 1.0))
        return self.ledger.ranked(self.ledger.guessed)

    def _probes(self, row: int) -> Iterator[Candidate]:
        """Quick but roomy, quick with larger products, as small as can be, and small with them."""
        job, least = self.problem.project.job, self.problem.least_zero
        degrees = self.shapes.degrees(row, least)
        levels = zero_levels(degrees, least)
        light = replace(degrees, zero=levels[min(1, len(levels) - 1)])
        small = replace(degrees, zero=levels[-1])
        if self.fixed_job:
            yield from (Candidate(light), Candidate(small))
            return
        sizes = micro_batches(degrees, job)
        larger = sizes[min(2, len(sizes) - 1)]
        yield Candidate(light, "none", sizes[0])
        yield Candidate(light, "none", larger)
        yield Candidate(small, "full", sizes[0])
        yield Candidate(small, "full", larger)

    def _climb(self, most: int, progress: Progress) -> None:
        """Probe shapes that are one prime factor away from the best, at most so many a turn."""
        for _ in range(CLIMBED):
            ranked = self.ledger.ranked(self.ledger.guessed)
            best = distinct(ranked, CLIMBED, by_chunks=False)
            near = {row for one in best for row in self.shapes.neighbours(one.degrees)}
            rows = [row for row in sorted(near - self.probed) if self._hopeful(row)][:most]
            if not rows:
                return
            self._probe(rows, progress)

    def _probe(self, rows: Sequence[int], progress: Progress) -> None:
        """Estimate some shapes' probes, and what then seems to fit in memory."""
        self.probed.update(rows)
        probes = {row: list(self._probes(row)) for row in rows}
        self.ledger.guess((c for found in probes.values() for c in found), progress)
        self.ledger.guess((c for row in rows for c in self._fullest(probes[row])), progress)

    def _hopeful(self, row: int) -> bool:
        """Whether a shape's arithmetic alone is quicker than the best estimate."""
        if self.ledger.objective != "throughput":
            return True
        return float(self.shapes.least_s[row]) <= HOPELESS * self.ledger.best_guess

    def _fullest(self, probes: Sequence[Candidate]) -> Iterator[Candidate]:
        """The largest micro-batches that fit, by lines through two probes without recomputation
        and two with it."""
        if self.fixed_job:
            return
        quick, larger, small, recomputed = probes
        yield from self._by_line(quick, larger, quick.degrees, quick)
        yield from self._by_line(quick, larger, small.degrees, small)
        yield from self._by_line(small, recomputed, small.degrees, small)

    def _by_line(
        self, one: Candidate, two: Candidate, degrees: Degrees, least: Candidate
    ) -> Iterator[Candidate]:
        """Degrees at the micro-batch that fills what `least` leaves, as memory grows from one
        probe to the other."""
        held = {probe: self.ledger.guessed[probe][1] for probe in (one, two, least)}
        each = (held[two] - held[one]) / max(1, two.micro_batch - one.micro_batch)
        if isfinite(each) and each > 0.0:
            room = one.micro_batch + (self.ledger.capacity - held[least]) / each
            sizes = micro_batches(degrees, self.problem.project.job)
            fitting = [size for size in sizes if size <= room] or sizes[:1]
            yield Candidate(degrees, one.recompute, fitting[-1])

    def along(self, candidate: Candidate, axis: int) -> Iterator[Candidate]:
        """Everything that differs in one of micro-batch, recomputation, ZeRO."""
        job, degrees = self.problem.project.job, candidate.degrees
        if axis == 2:
            for zero in zero_levels(degrees, self.problem.least_zero):
                yield replace(candidate, degrees=replace(degrees, zero=zero))
        elif not self.fixed_job and axis == 1:
            for recompute in RECOMPUTE:
                yield replace(candidate, recompute=recompute)
        elif not self.fixed_job:
            for size in micro_batches(degrees, job):
                yield replace(candidate, micro_batch=size)

    def _variants(self, candidate: Candidate) -> Iterator[Candidate]:
        problem = self.problem
        yield from variants(
            candidate.degrees, problem.project.job, problem.least_zero, self.fixed_job
        )
