"""What the plan of a run has decided, and what to begin with where there is none."""

from __future__ import annotations

from typing import Any

from tempstudio.core.decisions import Decisions, decisions_of
from tempstudio.core.parallel import Degrees
from tempstudio.core.project import Project
from tempstudio.core.quantities import from_json
from tempstudio.gui.results import Result


def first_guess(project: Project) -> Degrees:
    """Degrees to begin with where nothing is known: the least streaming at which the states fit.

    No search and no promise: 16 bytes a parameter with ZeRO-1 within 70 % of a die's memory.
    """
    alive = max(project.machine.alive_count, 1)
    room = 0.7 * project.machine.die.hbm_bytes
    streams = [n for n in (8, 16, 32, 64, 128, 256, 512, 1024) if n <= alive] or [alive]
    for stream in streams:
        guess = Degrees(dp=alive // stream, stream=stream, zero=1)
        states = project.model.parameters / stream * (4.0 + 12.0 / guess.dp)
        if states <= room:
            return guess
    return Degrees(dp=alive // streams[-1], stream=streams[-1], zero=1)


def decisions_in(result: Result) -> Decisions:
    """What the plan of a run has decided."""
    if not result.plan:
        return Decisions(degrees_of(result.document))
    return decisions_of(result.plan, result.project.job)


def degrees_of(document: dict[str, Any]) -> Degrees:
    """The degrees of a run document's `parallel`."""
    degrees = from_json(Degrees, document["parallel"], "parallel")
    assert isinstance(degrees, Degrees)
    return degrees
