"""Copies of repeated blocks and the dies that hold them: what is at work, and where it lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.timeline import Timeline
from tempstudio.core.workload import Block, Workload
from tempstudio.scene.format import plural

IntArray = NDArray[np.integer]
Work = tuple[str, int]  # an operator, and which copy of its block, from 0


def works_at(timeline: Timeline, time_s: float, dies: tuple[int, ...] = ()) -> frozenset[Work]:
    """What these dies (all, where none is named) compute, and of which copy of its block."""
    computing = timeline.at(time_s).computing
    found = set()
    for stage, members in enumerate(timeline.busy_dies):
        mine = members[np.isin(members, dies)] if dies else members
        phases = np.unique(computing[mine])
        span = timeline.span_at(stage, time_s)
        if span < 0:
            continue
        copy = timeline.copies.number(span, timeline.place_in(span, time_s)[0])
        found |= {(timeline.phases[p].operator, copy) for p in phases.tolist() if p >= 0}
    return frozenset(found)


def dies_of_copy(timeline: Timeline, block: str, copy: int) -> tuple[int, ...]:
    """The dies of the stage that holds a copy; all that work where there is but one stage."""
    stages = timeline.copies.stages.get(block, np.zeros(0, dtype=np.int64))
    if not 0 <= copy < len(stages):
        return ()
    return tuple(timeline.busy_dies[int(stages[copy])].tolist())


def stages_of_dies(timeline: Timeline, dies: tuple[int, ...]) -> frozenset[int]:
    """The stages that dies work for."""
    known = [die for die in dies if die < len(timeline.stage_of_die)]
    return frozenset(timeline.stage_of_die[known].tolist()) - {-1}


def stage_line(timeline: Timeline, model: Workload, die: int) -> str:
    """What a die of a pipeline holds of the model; '' where there is but one stage."""
    stage = int(timeline.stage_of_die[die])
    if timeline.stages < 2 or stage < 0:
        return ""
    stages = timeline.copies.stages
    mine = {b: np.flatnonzero(stages[b.name] == stage) for b in model.blocks if b.name in stages}
    held = [
        f"{block.name} {spelt(copies)}" if block.repeat > 1 else block.name
        for block, copies in mine.items()
        if len(copies)
    ]
    return f"Stage {stage + 1} of {timeline.stages}: {', '.join(held)}"


def copy_line(timeline: Timeline | None, block: Block, copy: int) -> str:
    """Which copy of a block it is, and where it lies in a pipeline."""
    line = f"Copy {copy + 1} of {block.repeat}"
    if timeline is None or timeline.stages < 2:
        return line
    dies = dies_of_copy(timeline, block.name, copy)
    stages = "".join(f": stage {stage + 1}, " for stage in stages_of_dies(timeline, dies))
    return f"{line}{stages}{plural(len(dies), 'die')}" if stages else line


def spelt(numbers: IntArray) -> str:
    """Numbers from 1 of places from 0, runs of them as ranges.

    >>> spelt(np.array([0, 1, 2, 8, 9, 11]))
    '1–3, 9–10, 12'
    """
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1)
    ends = [(int(run[0]) + 1, int(run[-1]) + 1) for run in runs if len(run)]
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in ends)
