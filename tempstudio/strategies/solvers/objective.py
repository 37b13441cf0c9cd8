"""What a search is after: one number for each candidate and each plan, the less the better."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.run import Score

FloatArray = NDArray[np.float64]

OBJECTIVES = ("throughput", "energy", "throughput-per-watt", "memory")
OVER = 1e9  # a plan that does not fit is worse than any that does, the more the fuller it is


def values(columns: Mapping[str, FloatArray], capacity_bytes: float, objective: str) -> FloatArray:
    """Values of candidates from their figures [candidates]; inf where there is no plan.

    Tokens per second per watt are tokens per joule: per step that is the energy again; ties go to
    the quicker plan.
    """
    seconds, peak, energy = (columns[name] for name in ("step_time_s", "memory_bytes", "energy_j"))
    wanted = {
        "throughput": seconds,
        "energy": energy,
        "throughput-per-watt": energy * (1.0 + 1e-9 * seconds),
        "memory": peak,
    }[objective]
    over = OVER * (1.0 + peak / capacity_bytes)
    return np.asarray(np.where(peak <= capacity_bytes, wanted, over))


def value(score: Score, objective: str) -> float:
    """The value of a simulated plan."""
    memory = score.memory
    columns = {
        "step_time_s": np.array([score.step_time_s]),
        "memory_bytes": np.array([memory.peak_bytes]),
        "energy_j": np.array([score.energy_j["total"]]),
    }
    return float(values(columns, memory.capacity_bytes, objective)[0])
