"""Sweeps: one project varied along axes, every point run once, the results as one table."""

from __future__ import annotations

from tempstudio.sweep.columns import DEGREES
from tempstudio.sweep.execution import Outcome, SweepInterrupted, run_sweep
from tempstudio.sweep.sweep_file import Axis, Sweep, read_sweep, sweep_from_document

__all__ = [
    "DEGREES",
    "Axis",
    "Outcome",
    "Sweep",
    "SweepInterrupted",
    "read_sweep",
    "run_sweep",
    "sweep_from_document",
]
