"""0/1 programs with a memory row, solved by HiGHS with its best bound."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


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
