"""How long lanes last beside each other, and a pipeline of stages, by formula."""

from __future__ import annotations

import numpy as np

from tempstudio.core.costs.lane import FloatArray, IntArray


def beside(
    front_s: FloatArray, shared_s: FloatArray, back_s: FloatArray, progress_s: FloatArray
) -> FloatArray:
    """Seconds of a foreground and a background that start together [segments].

    `front_s` lasts the foreground alone, `shared_s` with the background always in its way, in which
    time the background comes `progress_s` further; `back_s` lasts the background alone.  As the
    foreground's communication is spread over all of it, it is slowed for the share of it that the
    background outlasts; what is left of the background then has the links to itself.
    """
    share = np.minimum(1.0, back_s / np.maximum(progress_s, 1e-30))
    slowed = front_s + share * (shared_s - front_s)
    return np.where(back_s > progress_s, shared_s + back_s - progress_s, slowed)


def pipeline_seconds(
    forward_s: FloatArray,
    backward_s: FloatArray,
    last_s: FloatArray,
    optimizer_s: FloatArray,
    micro_batches: IntArray | int,
) -> FloatArray:
    """A step of the 1F1B pipeline; arguments [candidates, model chunks (of each), stages],
    and the micro-batches of each or all.

    The slowest stage s works without a gap once its first micro-batch is there: it waits for the
    forwards before it, runs its own M, and then the last gradient runs down to the first stage.
    With several model chunks a stage, fill and drain last one chunk each: the bubble shrinks with
    their number (Narayanan et al. 2021, arXiv:2104.04473, section 2.2.2).
    """
    chunks = forward_s.shape[1]
    both, last = forward_s + backward_s, forward_s + last_s
    again = np.atleast_1d(np.asarray(micro_batches, dtype=np.float64)) - 1.0  # [candidates] or 1
    busy = again[:, None] * both.sum(axis=1) + last.sum(axis=1)  # [candidates, stages]
    stages = forward_s.shape[2]
    if stages == 1:
        return np.asarray(busy[:, 0] + optimizer_s[:, 0])
    fill = np.cumsum(both.mean(axis=1), axis=1) - both.mean(axis=1)
    chain = last.sum(axis=(1, 2)) if chunks == 1 else last.mean(axis=1).sum(axis=1)
    slowest = both.sum(axis=1).max(axis=1)
    through = chain + again * slowest
    if chunks > 1:
        through = through + slowest * (chunks - 1) / chunks
    ends = np.maximum(through, (busy + fill).max(axis=1))
    return np.asarray(ends + optimizer_s.max(axis=1))
