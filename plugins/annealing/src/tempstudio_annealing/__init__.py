"""A solver for TempStudio on SciPy's dual annealing."""

from __future__ import annotations

import tempstudio as ts
from tempstudio_annealing.solver import Annealing


@ts.hookimpl
def tempstudio_solvers() -> list[ts.Solver]:
    """The annealing solver."""
    return [Annealing()]
