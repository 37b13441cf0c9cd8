"""One random plan costed twice: by the model that solvers search with, and by the simulator."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

from tempstudio.core.problem import Problem
from tempstudio.validation.cost_model import contended_wafer, random_candidates, random_problem

SEED = 0


@lru_cache(maxsize=1)
def _problem(model: str) -> Problem:
    return random_problem(model, contended_wafer(), SEED)


def costed_plan(model: str, draw: int) -> dict[str, Any]:
    """Seconds, bytes and joules both ways, and the processor seconds that each way took."""
    problem = _problem(model)
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
