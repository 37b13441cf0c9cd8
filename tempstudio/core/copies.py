"""Which stage holds which copy of a repeated block, and which copy is at work; read off the spans.

The first micro-batch goes forward through the model in its order, over all stages and their model
chunks: so its spans, by their start, say where each copy lies.  A stage runs through its copies in
that order going forward, and backward from the last to the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tempstudio.core.timeline_tables import IntArray, Spans


@dataclass(frozen=True, eq=False)
class Copies:
    """`stages` is the stage of each copy of a segment [copies] in the model's order, by its name;
    `before` how many copies the stage ran of the same segment and micro-batch earlier [spans].
    """

    segments: tuple[tuple[str, str], ...]  # (name, pass)
    spans: Spans
    stages: Mapping[str, IntArray]
    before: IntArray

    def count(self, span: int) -> int:
        """How many copies the model has of what a span runs."""
        name, _ = self.segments[int(self.spans.segment[span])]
        return len(self.stages.get(name, ())) or int(self.spans.repeats[span])

    def number(self, span: int, copy: int) -> int:
        """Which of them, in the order of the model, a span's n-th copy is."""
        name, pass_ = self.segments[int(self.spans.segment[span])]
        own = np.flatnonzero(self.stages.get(name, np.zeros(0)) == self.spans.stage[span])
        place = int(self.before[span]) + copy
        if place >= len(own):  # a step's own, or tied weights that another stage has, too
            return copy
        return int(own[place] if pass_ == "forward" else own[-1 - place])


def copies_of(spans: Spans, segments: Sequence[tuple[str, str]]) -> Copies:
    """Read off the spans of a step."""
    forward = np.array([pass_ == "forward" for _, pass_ in segments], dtype=bool)
    first = np.flatnonzero(forward[spans.segment] & (spans.micro_batch == 0))
    first = first[np.argsort(spans.start_s[first], kind="stable")]
    names = np.array([segments[s][0] for s in spans.segment[first].tolist()], dtype=object)
    stages = {
        name: np.repeat(spans.stage[mine], spans.repeats[mine])
        for name in dict.fromkeys(names.tolist())
        for mine in (first[names == name],)
    }
    return Copies(tuple(segments), spans, stages, _before(spans))


def _before(spans: Spans) -> IntArray:
    order = np.lexsort((spans.start_s, spans.segment, spans.micro_batch, spans.stage))
    keys = np.column_stack([spans.stage, spans.micro_batch, spans.segment])[order]
    repeats = spans.repeats[order]
    before = np.cumsum(repeats, dtype=np.int32) - repeats
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (np.diff(keys, axis=0) != 0).any(axis=1)
    before -= np.maximum.accumulate(np.where(begins, before, 0))
    found = np.empty(len(order), dtype=np.int32)
    found[order] = before
    return found
