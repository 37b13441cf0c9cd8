"""`ilp`: a 0/1 program over operators' choices and redistributions, given to HiGHS (SPEC 9).

After Zheng et al. 2022, "Alpa" (arXiv:2201.12023), section 4: one variable for each operator and
each (degrees, layout, rectangle of dies) it may have, one for each redistribution between
neighbours, a row for memory.  The tables are those of the other solvers, contention left out: on
each rectangle a group costs what it costs if the others keep quiet; what a redistribution adds is
told before dies are chosen.  Layers are alike, so one stands for all; operators without a choice
are merged into those before them.  The plan is then placed and simulated in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np

from tempstudio.core.candidate import OWN_PLACEMENT, Candidate
from tempstudio.core.genomes import variants
from tempstudio.core.parallel import OperatorDegrees
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan
from tempstudio.core.strategy import option
from tempstudio.core.topology import topology_of
from tempstudio.strategies.solvers.dual_level.cuts import choosing, ways_of
from tempstudio.strategies.solvers.dual_level.ledger import Figures, Ledger, distinct
from tempstudio.strategies.solvers.objective import OBJECTIVES
from tempstudio.strategies.solvers.winners import Winners
from tempstudio.strategies.solvers.zero_one import Answer, Program01, solved

TRIED = 24  # placements of the program's plan


@dataclass(frozen=True)
class IlpOptions:
    """How much stands in the program, and how long it may take."""

    objective: str = option(
        "throughput",
        choices=OBJECTIVES,
        help="the shortest step, the least energy a step, most tokens a joule, or least memory",
    )
    origins: int = option(
        12, minimum=1, maximum=10**5, help="genomes, the best by estimate, whose operators choose"
    )
    genomes: int = option(
        20_000, minimum=1, maximum=10**7, help="genomes that are estimated, the quickest first"
    )
    rectangles: int = option(
        4, minimum=1, maximum=64, help="shapes of groups that are told apart, of each genome"
    )
    time_limit_s: float = option(
        60.0, minimum=0.1, maximum=1e6, unit="s", help="for HiGHS; its gap is told"
    )
    vary_job: bool = option(True, help="choose micro-batch and recomputation as well")


class IntegerProgram:
    """Optimal on its tables, which know no contention."""

    name = "ilp"
    summary = "A 0/1 program over operators, layouts and redistributions, solved by HiGHS"
    version = "2.0"
    Options = IlpOptions

    def solve(
        self, problem: Problem, options: IlpOptions, rng: np.random.Generator, progress: Progress
    ) -> Iterator[Plan]:
        """Yield the best genome as a first plan, then the program's, where that is better."""
        progress.step(0.0, "listing degrees")
        winners = Winners(problem, options.objective)
        ledger = Ledger(problem, options.objective)
        ledger.guess(_genomes(problem, options), progress.part(0.0, 0.5))
        origins = distinct(ledger.ranked(ledger.guessed), options.origins)
        if origins:
            yield from winners.of(_placed(problem, ledger, origins[0], progress.part(0.5, 0.55)))
            tables = Tables(problem, ledger, origins, options.rectangles)
            tables.fill(progress.part(0.55, 0.8))
            progress.step(0.8, f"HiGHS: {len(tables.program.cost)} variables")
            answer = solved(tables.program, ledger.capacity, options.time_limit_s)
            if answer is not None:
                problem.log.notes.append(_told(tables, answer))
                part = progress.part(0.95, 1.0)
                yield from winners.of(_placed(problem, ledger, tables.candidate(answer), part))
        winners.check()


def _genomes(problem: Problem, options: IlpOptions) -> Iterator[Candidate]:
    """Genomes in the order of their least seconds."""
    count = 0
    for row in range(len(problem.shapes)):
        degrees = problem.shapes.degrees(row, problem.least_zero)
        for candidate in variants(
            degrees, problem.project.job, problem.least_zero, not options.vary_job
        ):
            yield candidate
            count += 1
            if count == options.genomes:
                return


def _placed(
    problem: Problem, ledger: Ledger, chosen: Candidate, progress: Progress
) -> list[Candidate]:
    """A candidate in the best of the mapper's first placements, of its rectangle if it has one."""
    shape = None
    if chosen.tiling != OWN_PLACEMENT:
        shape = rectangle(problem, chosen)
    count = min(TRIED, len(problem.tilings(chosen.degrees)))
    seats = [replace(chosen, tiling=number, symmetry=0) for number in range(count)]
    alike = [seat for seat in seats if shape is None or rectangle(problem, seat) == shape]
    seats = alike or seats or [replace(chosen, tiling=OWN_PLACEMENT)]
    ledger.place(seats, progress)
    return sorted(seats, key=lambda seat: ledger.value_of(ledger.placed[seat]))[:1]


def rectangle(problem: Problem, seat: Candidate) -> tuple[int, ...]:
    """Rows and columns that a placement's first tp x stream block spans, and its first stream."""
    placement = problem.tilings(seat.degrees, seat.symmetry)[seat.tiling]
    places = np.array(topology_of(problem.project.machine).places)[list(placement)]
    spans = (np.ptp(places[:n], axis=0) + 1 for n in (seat.degrees.block, seat.degrees.stream))
    return tuple(int(side) for span in spans for side in span)


class Tables:
    """The program of some origins: one is chosen, a rectangle for it, and what its operators have
    otherwise there."""

    def __init__(
        self, problem: Problem, ledger: Ledger, origins: Sequence[Candidate], rectangles: int
    ) -> None:
        self.problem, self.ledger, self.origins = problem, ledger, origins
        self.rectangles = rectangles
        self.chains = choosing(problem.project.model)
        self.place = {"throughput": 0, "memory": 1}.get(ledger.objective, 2)
        self.program = Program01()
        self._known: dict[Candidate, Figures] = {}
        self._seat_of: dict[int, Candidate] = {}
        self._own: dict[int, tuple[int, OperatorDegrees]] = {}

    def fill(self, progress: Progress) -> None:
        """Ask for all entries and write them down."""
        for number, origin in enumerate(self.origins):
            part = progress.part(number / len(self.origins), (number + 1) / len(self.origins))
            self._write(origin, part)
        self.program.row(dict.fromkeys(self._seat_of, 1.0), 1.0, 1.0)

    def _seats(self, origin: Candidate) -> list[Candidate]:
        """The origin on the first placement of each rectangle; as it is where none is offered."""
        found: dict[tuple[int, ...], Candidate] = {}
        for number in range(len(self.problem.tilings(origin.degrees))):
            seat = replace(origin, tiling=number, symmetry=0)
            found.setdefault(rectangle(self.problem, seat), seat)
        return list(found.values())[: self.rectangles] or [origin]

    def _write(self, origin: Candidate, progress: Progress) -> None:
        """A variable for each rectangle, for each operator's ways there, for each two ways."""
        seats = self._seats(origin)
        self._ask(seats)
        rows = {}
        for seat in seats:
            base = self._known[seat]
            if np.isfinite(base[0]):
                rows[self.program.variable(base[self.place], base[1])] = seat
        self._seat_of |= rows
        for names in self.chains if origin.degrees.block > 1 and rows else ():
            ways = [ways_of(origin.degrees, name) for name in names]
            every = [way for row in ways for way in row]
            self._ask([_with(seat, (way,)) for seat in rows.values() for way in every])
            pairs = [_with(origin, pair) for a, b in pairwise(ways) for pair in product(a, b)]
            singles = [_with(origin, (way,)) for way in every]
            self.ledger.guess([*singles, *pairs], progress)
            before: list[tuple[OperatorDegrees, list[int]]] = []
            for row in ways:
                before = self._operator(origin, rows, row, before)

    def _operator(
        self,
        origin: Candidate,
        seats: Mapping[int, Candidate],
        ways: Sequence[OperatorDegrees],
        before: Sequence[tuple[OperatorDegrees, list[int]]],
    ) -> list[tuple[OperatorDegrees, list[int]]]:
        """Variables of an operator's own choices on each rectangle, and of each pair with the one
        before it, wherever they are."""
        here: list[tuple[OperatorDegrees, list[int]]] = [(way, []) for way in ways]
        for z, seat in seats.items():
            on_it = []
            for way, everywhere in here:
                found, base = self._known[_with(seat, (way,))], self._known[seat]
                if np.isfinite(found[0]):
                    change = found[self.place] - base[self.place], found[1] - base[1]
                    x = self.program.variable(*change)
                    self._own[x] = (z, way)
                    on_it.append(x)
                    everywhere.append(x)
            self.program.row({**dict.fromkeys(on_it, 1.0), z: -1.0}, -np.inf, 0.0)
        here = [(way, everywhere) for way, everywhere in here if everywhere]
        for (first, x1), (second, x2) in product(before, here):
            self._redistribution(self._pair(origin, first, second), x1, x2)
        return here

    def _redistribution(
        self, change: tuple[float, float], first: Sequence[int], second: Sequence[int]
    ) -> None:
        """A variable that is 1 where two ways are chosen, on whatever rectangle."""
        one, two = dict.fromkeys(first, -1.0), dict.fromkeys(second, -1.0)
        if not np.isfinite(change[0]):  # the two do not go together
            self.program.row({**one, **two}, -1.0, np.inf)
            return
        both = self.program.variable(*change)
        self.program.row({both: 1.0, **one}, -np.inf, 0.0)
        self.program.row({both: 1.0, **two}, -np.inf, 0.0)
        self.program.row({both: 1.0, **one, **two}, -1.0, np.inf)

    def _ask(self, wanted: Sequence[Candidate]) -> None:
        """Figures without contention, where the mapper says how groups would lie."""
        ask = self.problem.estimate_many
        if wanted and wanted[0].tiling != OWN_PLACEMENT:
            ask = self.problem.alone_many
        columns = ask(wanted)
        rows = zip(*(columns[key].tolist() for key in columns), strict=True)
        self._known.update(zip(wanted, rows, strict=True))

    def _pair(
        self, origin: Candidate, first: OperatorDegrees, second: OperatorDegrees
    ) -> tuple[float, float]:
        """What two choices change beyond each alone: the redistribution between them."""
        both = self._delta(origin, (first, second))
        if not np.isfinite(both[0]):
            return both
        one, two = self._delta(origin, (first,)), self._delta(origin, (second,))
        return both[0] - one[0] - two[0], both[1] - one[1] - two[1]

    def _delta(self, origin: Candidate, own: tuple[OperatorDegrees, ...]) -> tuple[float, float]:
        found, base = self.ledger.guessed[_with(origin, own)], self.ledger.guessed[origin]
        return found[self.place] - base[self.place], found[1] - base[1]

    def candidate(self, answer: Answer) -> Candidate:
        """The candidate that chosen variables stand for, on a placement with their rectangle."""
        z = next(number for number in self._seat_of if number in answer.chosen)
        own = [way for x, (of, way) in sorted(self._own.items()) if x in answer.chosen and of == z]
        return _with(self._seat_of[z], own)


def _told(tables: Tables, answer: Answer) -> str:
    unit = {0: "s", 1: "bytes"}.get(tables.place, "J")
    return (
        f"ilp: {len(tables.program.cost)} variables, {len(tables.program.rows)} rows; "
        f"objective {answer.value:.6g} {unit} without contention, bound {answer.bound:.6g} {unit}, "
        f"gap {100 * answer.gap:.3g} %"
    )


def _with(origin: Candidate, own: Sequence[OperatorDegrees]) -> Candidate:
    return replace(origin, degrees=replace(origin.degrees, operators=tuple(own)))
