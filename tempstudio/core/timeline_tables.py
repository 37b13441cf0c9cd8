"""The columns of a timeline: flow sets, templates, spans, and what a phase number stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int32]
FloatArray = NDArray[np.float64]

MEMORY_KINDS = (
    "weights",
    "gradients",
    "optimizer",
    "activations",
    "stream_buffers",
    "collective_buffers",
)
STATES = slice(0, 3)
ACTIVATIONS, STREAM_BUFFERS, COLLECTIVE_BUFFERS = 3, 4, 5
FOREGROUND, BACKGROUND = 0, 1


@dataclass(frozen=True, eq=False)
class FlowSets:
    """Sets of concurrent flows, shared by the items that move the same pattern.

    Set s holds flows `set_start[s]:set_start[s+1]`; flow f goes from die `source[f]` to `target[f]`
    over links `hop_link[hop_start[f]:hop_start[f+1]]`. `unit_bytes` are multiplied by the `scale`
    of the item that uses the set.
    """

    set_start: IntArray
    source: IntArray
    target: IntArray
    unit_bytes: FloatArray
    hop_start: IntArray
    hop_link: IntArray
    label: IntArray  # which part each flow carries, -1 where that has no meaning


@dataclass(frozen=True, eq=False)
class Templates:
    """All templates, columnar: template k holds items `item_start[k]:item_start[k+1]`.

    An item is one round of a stream, one step of a collective, or one undivided piece of compute.
    `start_s`, `end_s` count from the copy's start; `compute_s` is how long the item computes (from
    its start); `finish_start[i]` points into `finish_s`, when each flow of the item arrives (from
    the item's start). Items of lane FOREGROUND follow one another; BACKGROUND ones run beside them,
    also in order.
    """

    item_start: IntArray
    duration_s: FloatArray  # per template, as everything down to the items is per item
    saved_bytes: FloatArray  # per template: activation bytes that one copy adds (or frees)
    transient_bytes: FloatArray  # per template
    start_s: FloatArray
    end_s: FloatArray
    compute_s: FloatArray
    lane: IntArray
    phase: IntArray
    round: IntArray
    rounds: IntArray
    flow_set: IntArray
    scale: FloatArray
    finish_start: IntArray
    finish_s: FloatArray
    buffer_bytes: FloatArray


@dataclass(frozen=True, eq=False)
class Spans:
    """Runs of equal copies; rows are sorted by stage, then start.

    A span lasts repeats x period_s.  `activation_bytes` is what is held when it starts; each copy
    adds its template's `saved_bytes`.
    """

    stage: IntArray
    template: IntArray
    start_s: FloatArray
    repeats: IntArray
    period_s: FloatArray
    micro_batch: IntArray
    activation_bytes: FloatArray
    segment: IntArray


def no_spans() -> Spans:
    """A table of spans without rows."""
    whole, real = np.zeros(0, dtype=np.int32), np.zeros(0)
    return Spans(whole, whole, real, whole, real, whole, real, whole)


@dataclass(frozen=True)
class PhaseInfo:
    """What a phase number stands for."""

    operator: str
    pass_: str
    kind: str  # compute | stream | collective
    op: str  # the collective's name, "stream", or ""
    role: str
    tensor: str
    layout: str
