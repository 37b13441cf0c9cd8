"""Schedules before they have a size: who sends how much of one byte to whom, step by step.

A schedule is a row of *stages*, each of the same number of steps.  The vector may be cut in chunks
that follow one another through the stages like work through a pipeline: while chunk k is in stage
s, chunk k + 1 is in stage s - 1.  One stage is an ordinary schedule that cannot be pipelined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tempstudio.core.collectives.group import Edge, Route

Step = dict[Edge, float]  # (sender, receiver), as member indices -> share of the vector


@dataclass(frozen=True, eq=False)
class Outline:
    """`stages` [stages][steps], for a vector of one byte; `routes` for pairs that need their own.

    Steps that are the same object are the same step.
    """

    stages: Sequence[Sequence[Step]]
    routes: Mapping[Edge, Route] = field(default_factory=dict)

    @property
    def pipelined(self) -> bool:
        """Whether cutting the vector in chunks can help."""
        return len(self.stages) > 1

    def spans(self, chunks: int) -> list[tuple[int, int]]:
        """Which stages (first, end) work at once, in the course of `chunks` chunks."""
        count = len(self.stages)
        return [(max(0, t - chunks + 1), min(count, t + 1)) for t in range(count + chunks - 1)]

    def together(self, first: int, end: int) -> Sequence[Step]:
        """The steps while these stages each work on something, the whole vector each."""
        if end - first == 1:
            return self.stages[first]
        if first == 0:
            return self._grown[end]
        if end == len(self.stages):
            return self._grown_back[first]
        return [merge_steps(row) for row in zip(*self.stages[first:end], strict=True)]

    @cached_property
    def _grown(self) -> dict[int, Sequence[Step]]:
        """The first stages together, by their number."""
        return _accumulate(self.stages)

    @cached_property
    def _grown_back(self) -> dict[int, Sequence[Step]]:
        """The last stages together, by the first of them."""
        count = len(self.stages)
        grown = _accumulate(self.stages[::-1])
        return {count - number: steps for number, steps in grown.items()}


def _accumulate(stages: Sequence[Sequence[Step]]) -> dict[int, Sequence[Step]]:
    grown: dict[int, Sequence[Step]] = {1: stages[0]}
    for number, stage in enumerate(stages[1:], start=2):
        before = grown[number - 1]
        grown[number] = [merge_steps(pair) for pair in zip(before, stage, strict=True)]
    return grown


def merge_steps(steps: Sequence[Step]) -> Step:
    """Several steps at once: what goes the same way is added."""
    merged = dict(steps[0]) if steps else {}
    for step in steps[1:]:
        if merged.keys().isdisjoint(step):
            merged.update(step)
            continue
        for edge, share in step.items():
            merged[edge] = merged.get(edge, 0.0) + share
    return merged


def scale_step(step: Step, factor: float) -> Step:
    """The step with `factor` times the bytes."""
    return {edge: share * factor for edge, share in step.items()}


def stretch_steps(steps: Sequence[Step], count: int) -> list[Step]:
    """The same transfers spread evenly over `count` (at least as many) steps.

    Step k fills the steps from k f to (k + 1) f, with f = count / len(steps).  What a die passes on
    it still has: by the end of step s it has sent (s + 1)/f - k - 1 of what it may send k + 1-th,
    and by its start it had received s/f - k of that, which is no less as f >= 1.
    """
    if count == len(steps):
        return list(steps)
    factor = count / len(steps) if steps else 1.0
    spread = []
    for s in range(count):
        parts = []
        for k, step in enumerate(steps):
            overlap = min(s + 1.0, (k + 1) * factor) - max(float(s), k * factor)
            if overlap > 1e-9:
                parts.append(scale_step(step, overlap / factor))
        spread.append(merge_steps(parts))
    return spread


def reverse_outline(outline: Outline) -> Outline:
    """The schedule run backwards in time: it reduces where the other spreads (SPEC 4, 5)."""
    known: dict[int, Step] = {}

    def turn(step: Step) -> Step:
        if id(step) not in known:
            known[id(step)] = {(b, a): share for (a, b), share in step.items()}
        return known[id(step)]

    stages = [[turn(step) for step in reversed(stage)] for stage in reversed(outline.stages)]
    return Outline(stages, outline.routes)
