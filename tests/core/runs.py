"""Runs of small jobs with the built-in strategies, for tests of the simulator."""

from __future__ import annotations

from typing import Any

from models import llama

import tempstudio as ts
from tempstudio.core.parallel import Degrees


def small_run(
    degrees: Degrees,
    machine: ts.Machine | None = None,
    partitioner: str = "tspp",
    model: Any = None,
    **job: Any,
) -> ts.Run:
    """One step of a small Llama with these degrees."""
    settings = {"global_batch": 8, "seq_len": 256, **job}
    project = ts.Project(
        machine=machine or ts.Wafer(rows=3, cols=4),
        model=model or llama(),
        job=ts.TrainingJob(**settings),
        partitioner=ts.StrategyChoice(partitioner),
        degrees=degrees,
    )
    return ts.run(project)
