"""One random plan costed twice: by the model that solvers search with, and by the simulator."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache
from typing import Any

from tempstudio.core.machine import Wafer
from tempstudio.core.problem import Problem
from tempstudio.validation.cost_model import contended_wafer, random_candidates, random_problem

SEED = 0


@lru_cache(maxsize=1)
def _problem(model: str, rows: int, cols: int) -> Problem:
    wafer = contended_wafer()
    if (rows, cols) != (wafer.rows, wafer.cols):
        wafer = replace(Wafer(rows=rows, cols=cols), link=wafer.link)
    return random_problem(model, wafer, SEED)


def costed_plan(model: str, draw: int, rows: int, cols: int) -> dict[str, Any]:
    """Seconds, bytes and joules both ways, and the processor seconds that each way took.

    On the wafer of `tempstudio validate --cost-model` where that has so many dies, else on a whole
    one with its links.
    """
    problem = _problem(model, rows, cols)
    candidate, plan = next(random_candidates(problem, draw))
    started = time.process_time()
    score, _ = problem.simulate(plan)
    simulating_s = time.process_time() - started
    problem.costs.figures([candidate])  # what phases cost is known once, as in a search
    started = time.process_time()
    ((step_s, memory_bytes, energy_j),) = problem.costs.figures([candidate]).tolist()
    costing_s = time.process_time() - started
    degrees = candidate.degrees
    return {
        "dp": degrees.dp,
        "sp": degrees.sp,
        "tp": degrees.tp,
        "stream": degrees.stream,
        "zero": degrees.zero,
        "simulated_s": score.step_time_s,
        "costed_s": step_s,
        "simulated_bytes": score.memory.peak_bytes,
        "costed_bytes": memory_bytes,
        "simulated_j": score.energy_j["total"],
        "costed_j": energy_j,
        "simulating_s": simulating_s,
        "costing_s": costing_s,
    }
