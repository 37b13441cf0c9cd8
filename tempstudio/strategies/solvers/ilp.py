"""`ilp`: a 0/1 program over operators' choices and redistributions, given to HiGHS (SPEC 9).

After Zheng et al. 2022, "Alpa" (arXiv:2201.12023), section 4: one variable for each operator and
each (degrees, layout) it may have, one for each redistribution between neighbours, a row for
memory.  The tables are those of the other solvers before dies are chosen: contention is left out.
Layers are alike, so one stands for all; operators without a choice are merged into those before
them.  The plan is then placed and simulated in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, product

import numpy as np

from tempstudio.core.candidate import OWN_PLACEMENT, Candidate
from tempstudio.core.genomes import variants
from tempstudio.core.parallel import Degrees, OperatorDegrees
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan
from tempstudio.core.strategy import option
from tempstudio.strategies.solvers.dual_level.cuts import choosing
from tempstudio.strategies.solvers.dual_level.ledger import Ledger, distinct
from tempstudio.strategies.solvers.objective import OBJECTIVES
from tempstudio.strategies.solvers.winners import Winners

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
    time_limit_s: float = option(
        60.0, minimum=0.1, maximum=1e6, unit="s", help="for HiGHS; its gap is told"
    )
    vary_job: bool = option(True, help="choose micro-batch and recomputation as well")


@dataclass(eq=False)
class Program01:
    """Columns (cost, bytes) of 0/1 variables and rows of constraints, as they come."""

    cost: list[float] = field(default_factory=list)
    bytes: list[float] = field(default_factory=list)
    rows: list[tuple[dict[int, float], float, float]] = field(default_factory=list)

    def variable(self, cost: float, memory: float) -> int:
        """A new variable's number."""
        self.cost.append(cost)
        self.bytes.append(memory)
        return len(self.cost) - 1

    def row(self, terms: dict[int, float], low: float, high: float) -> None:
        """low <= sum of terms <= high."""
        self.rows.append((terms, low, high))


@dataclass(frozen=True)
class Answer:
    """Chosen variables, the value, and what HiGHS proved: no solution is below the bound."""

    chosen: frozenset[int]
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """Share of the value that may still be gained."""
        return max(0.0, self.value - self.bound) / max(abs(self.value), 1e-30)


class IntegerProgram:
    """Optimal on its tables, which know no contention."""

    name = "ilp"
    summary = "A 0/1 program over operators, layouts and redistributions, solved by HiGHS"
    version = "1.0"
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
            tables = Tables(problem, ledger, origins)
            tables.fill(progress.part(0.55, 0.8))
            progress.step(0.8, f"HiGHS: {len(tables.program.cost)} variables")
            answer = solved(tables.program, ledger.capacity, options.time_limit_s)
            if answer is not None:
                problem.log.notes.append(_told(tables, answer))
                chosen = tables.candidate(answer)
                part = progress.part(0.95, 1.0)
                yield from winners.of(_placed(problem, ledger, chosen, part))
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
    """A candidate in the best of the mapper's first placements."""
    count = min(TRIED, len(problem.tilings(chosen.degrees)))
    seats = [replace(chosen, tiling=number, symmetry=0) for number in range(count)]
    seats = seats or [replace(chosen, tiling=OWN_PLACEMENT)]
    ledger.place(seats, progress)
    return sorted(seats, key=lambda seat: ledger.value_of(ledger.placed[seat]))[:1]


class Tables:
    """The program of some origins: one is chosen, and what its operators have otherwise."""

    def __init__(self, problem: Problem, ledger: Ledger, origins: Sequence[Candidate]) -> None:
        self.problem, self.ledger, self.origins = problem, ledger, origins
        self.chains = choosing(problem.project.model)
        self.place = {"throughput": 0, "memory": 1}.get(ledger.objective, 2)
        self.program = Program01()
        self._origin_of: dict[int, Candidate] = {}
        self._own: dict[int, tuple[int, OperatorDegrees]] = {}

    def fill(self, progress: Progress) -> None:
        """Ask for all entries and write them down."""
        for number, origin in enumerate(self.origins):
            part = progress.part(number / len(self.origins), (number + 1) / len(self.origins))
            self._write(origin, part)
        self.program.row(dict.fromkeys(self._origin_of, 1.0), 1.0, 1.0)

    def _write(self, origin: Candidate, progress: Progress) -> None:
        base = self.ledger.guessed[origin]
        y = self.program.variable(base[self.place], base[1])
        self._origin_of[y] = origin
        for names in self.chains if origin.degrees.block > 1 else ():
            ways = [_ways(origin.degrees, name) for name in names]
            singles = [_with(origin, (way,)) for row in ways for way in row]
            pairs = [_with(origin, pair) for a, b in pairwise(ways) for pair in product(a, b)]
            self.ledger.guess([*singles, *pairs], progress)
            before: list[tuple[int, OperatorDegrees]] = []
            for row in ways:
                before = self._operator(origin, y, row, before)

    def _operator(
        self,
        origin: Candidate,
        y: int,
        ways: Sequence[OperatorDegrees],
        before: Sequence[tuple[int, OperatorDegrees]],
    ) -> list[tuple[int, OperatorDegrees]]:
        """Variables of an operator's own choices, and of each pair with the one before it."""
        here = []
        for way in ways:
            cost, memory = self._delta(origin, (way,))
            if np.isfinite(cost):
                x = self.program.variable(cost, memory)
                self._own[x] = (y, way)
                here.append((x, way))
        self.program.row({**{x: 1.0 for x, _ in here}, y: -1.0}, -np.inf, 0.0)
        for (x1, first), (x2, second) in product(before, here):
            cost, memory = self._pair(origin, first, second)
            if not np.isfinite(cost):  # the two do not go together
                self.program.row({x1: 1.0, x2: 1.0}, -np.inf, 1.0)
                continue
            both = self.program.variable(cost, memory)
            self.program.row({both: 1.0, x1: -1.0}, -np.inf, 0.0)
            self.program.row({both: 1.0, x2: -1.0}, -np.inf, 0.0)
            self.program.row({both: 1.0, x1: -1.0, x2: -1.0}, -1.0, np.inf)
        return here

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
        """The candidate that chosen variables stand for."""
        y = next(number for number in self._origin_of if number in answer.chosen)
        own = [way for x, (of, way) in sorted(self._own.items()) if x in answer.chosen and of == y]
        return _with(self._origin_of[y], own)


def solved(program: Program01, capacity_bytes: float, time_limit_s: float) -> Answer | None:
    """HiGHS on a program with its memory row; None where it found nothing in time.

    If nothing fits, the fullest die is what is kept least.
    """
    from scipy.optimize import LinearConstraint, milp
    from scipy.sparse import coo_array

    data, row, column = [], [], []
    low, high = [], []
    for number, (terms, least, most) in enumerate(program.rows):
        for variable, factor in terms.items():
            data.append(factor)
            row.append(number)
            column.append(variable)
        low.append(least)
        high.append(most)
    matrix = coo_array((data, (row, column)), shape=(len(low), len(program.cost))).tocsr()
    cost, memory = np.array(program.cost), np.array(program.bytes)
    scale = max(1e-30, float(np.abs(cost).max()))
    for aim, limits in (
        (cost / scale, [LinearConstraint(memory / capacity_bytes, -np.inf, 1.0)]),
        (memory / capacity_bytes, []),
    ):
        found = milp(
            aim,
            integrality=np.ones(len(cost)),
            bounds=(0, 1),
            constraints=[LinearConstraint(matrix, low, high), *limits],
            options={"time_limit": time_limit_s},
        )
        if found.x is not None:
            chosen = frozenset(np.flatnonzero(found.x > 0.5).tolist())
            size = scale if limits else capacity_bytes
            bound = found.mip_dual_bound if found.mip_dual_bound is not None else -np.inf
            return Answer(chosen, float(found.fun) * size, float(bound) * size)
    return None


def _told(tables: Tables, answer: Answer) -> str:
    unit = {0: "s", 1: "bytes"}.get(tables.place, "J")
    return (
        f"ilp: {len(tables.program.cost)} variables, {len(tables.program.rows)} rows; "
        f"objective {answer.value:.6g} {unit} without contention, bound {answer.bound:.6g} {unit}, "
        f"gap {100 * answer.gap:.3g} %"
    )


def _ways(degrees: Degrees, name: str) -> list[OperatorDegrees]:
    """Every cut of the block and every layout where something streams."""
    found = []
    for tp in range(1, degrees.block + 1):
        if degrees.block % tp == 0:
            stream = degrees.block // tp
            layouts = ("weight", "input", "output") if stream > 1 else ("",)
            found += [OperatorDegrees(name, tp, stream, layout) for layout in layouts]
    return found


def _with(origin: Candidate, own: Sequence[OperatorDegrees]) -> Candidate:
    return replace(origin, degrees=replace(origin.degrees, operators=tuple(own)))
