"""Which stage holds which copy of a repeated block, and which copy is at work; read off the step.

The first micro-batch goes forward through the model in its order, over all stages and their model
chunks: so its spans, by their start, say where each copy lies.  A stage runs through its copies in
that order going forward, and backward from the last to the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.timeline import Timeline
from tempstudio.core.workload import Block, Workload
from tempstudio.scene.format import plural

IntArray = NDArray[np.integer]
Work = tuple[str, int]  # an operator, and which copy of its block, from 0


@lru_cache(maxsize=4)
def stages_of_copies(timeline: Timeline) -> Mapping[str, IntArray]:
    """The stage that holds each copy of a block [copies], by the block's name."""
    spans = timeline.spans
    forward = np.array([pass_ == "forward" for _, pass_ in timeline.segments], dtype=bool)
    first = np.flatnonzero(forward[spans.segment] & (spans.micro_batch == 0))
    first = first[np.argsort(spans.start_s[first], kind="stable")]
    found = {}
    for name in dict.fromkeys(timeline.segments[s][0] for s in spans.segment[first].tolist()):
        mine = [s for s in first.tolist() if timeline.segments[spans.segment[s]][0] == name]
        found[name] = np.repeat(spans.stage[mine], spans.repeats[mine])
    return found


@lru_cache(maxsize=4)
def _copies_before(timeline: Timeline) -> IntArray:
    """How many copies a stage has run, of a segment and a micro-batch, before each span [spans]."""
    spans = timeline.spans
    order = np.lexsort((spans.start_s, spans.segment, spans.micro_batch, spans.stage))
    keys = np.column_stack([spans.stage, spans.micro_batch, spans.segment])[order]
    repeats = spans.repeats[order]
    before = np.cumsum(repeats) - repeats
    begins = np.concatenate([[True], (np.diff(keys, axis=0) != 0).any(axis=1)])
    before -= np.maximum.accumulate(np.where(begins, before, 0))
    found = np.empty(len(order), dtype=np.int64)
    found[order] = before
    return found


def copy_at_work(timeline: Timeline, span: int, copy: int) -> int | None:
    """Which copy of its block, in the order of the model, a span's n-th copy is."""
    name, pass_ = timeline.segments[int(timeline.spans.segment[span])]
    stages = stages_of_copies(timeline).get(name)
    if stages is None:
        return None
    own = np.flatnonzero(stages == timeline.spans.stage[span])
    place = int(_copies_before(timeline)[span]) + copy
    if place >= len(own):
        return None
    return int(own[place] if pass_ == "forward" else own[-1 - place])


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
        copy = copy_at_work(timeline, span, timeline.place_in(span, time_s)[0])
        found |= {(timeline.phases[p].operator, copy or 0) for p in phases.tolist() if p >= 0}
    return frozenset(found)


def dies_of_copy(timeline: Timeline, block: str, copy: int) -> tuple[int, ...]:
    """The dies of the stage that holds a copy; all that work where there is but one stage."""
    stages = stages_of_copies(timeline).get(block, np.zeros(0, dtype=np.int64))
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
    stages = stages_of_copies(timeline)
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
