"""Causal attention over rows that lie on many dies: keys and values stream, queries stay.

Ring attention (Liu et al. 2023) on any schedule: the softmax is built up part by part (Milakov and
Gimelshein 2018), backward streams keys and values again and reduces their gradients, time-reversed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.streaming.block import FloatArray, TokenArray
from tempstudio.core.streaming.execution import reduce, stream
from tempstudio.core.streaming.ledger import Ledger
from tempstudio.core.streaming.linear import part_slices, split_along
from tempstudio.core.streaming.rounds import Schedule


@dataclass(frozen=True)
class Attended:
    """Per die: `mixed` [m, heads, d], `log_sum` [m, heads] of the softmax, and the number of
    (query, key, head) scores computed."""

    mixed: list[FloatArray]
    log_sum: list[FloatArray]
    scores: list[int]


@dataclass(frozen=True)
class Rows:
    """Which tokens a die's rows are: sequence number and position in it, each [m]."""

    sequence: TokenArray
    position: TokenArray

    def take(self, part: slice) -> Rows:
        """Some of the rows."""
        return Rows(self.sequence[part], self.position[part])

    def sees(self, keys: Rows) -> NDArray[np.bool_]:
        """[m, keys]: same sequence, and not in the future."""
        same = self.sequence[:, None] == keys.sequence[None, :]
        return np.asarray(same & (keys.position[None, :] <= self.position[:, None]))


def ring_attention(
    schedule: Schedule,
    queries: Sequence[FloatArray],
    keys_values: Sequence[FloatArray],
    rows: Sequence[Rows],
    ledger: Ledger,
) -> Attended:
    """Per die, queries [m_i, heads, d] and keys and values [m_i, 2, kv heads, d] to mixtures."""
    visible, cut = _parts(schedule, keys_values, rows)
    heads = [q.shape[:2] for q in queries]
    peak = [np.full(shape, -np.inf) for shape in heads]
    total = [np.zeros(shape) for shape in heads]
    mixed = [np.zeros_like(q) for q in queries]
    scores = [0] * len(queries)

    def use(die: int, part: int, block: FloatArray) -> None:
        mask = visible[die, part]
        if not mask.any() or not queries[die].size:
            return
        q, k, v = _grouped(queries[die], block)
        logits = _logits(q, k, mask)
        shape = heads[die]
        before, after = peak[die], np.maximum(peak[die], logits.max(axis=-1).reshape(shape))
        shift = np.where(np.isfinite(after), after, 0.0)  # a row that has seen no key yet
        weights = np.exp(logits - shift.reshape(*q.shape[:3], 1))
        fade = np.exp(before - shift)
        total[die] = total[die] * fade + weights.sum(axis=-1).reshape(shape)
        gained = np.einsum("rghc,cgd->rghd", weights, v).reshape(queries[die].shape)
        mixed[die] = mixed[die] * fade[..., None] + gained
        peak[die] = after
        scores[die] += int(mask.sum()) * shape[1]

    stream(schedule, cut, use, ledger, "key-value")
    return Attended(
        [mix / amount[..., None] for mix, amount in zip(mixed, total, strict=True)],
        [top + np.log(amount) for top, amount in zip(peak, total, strict=True)],
        scores,
    )


def ring_attention_backward(
    schedule: Schedule,
    queries: Sequence[FloatArray],
    keys_values: Sequence[FloatArray],
    rows: Sequence[Rows],
    attended: Attended,
    gradients: Sequence[FloatArray],
    ledger: Ledger,
) -> tuple[list[FloatArray], list[FloatArray]]:
    """From the mixtures' gradients: those of the queries, and of the keys and values, per die."""
    visible, cut = _parts(schedule, keys_values, rows)
    d_queries = [np.zeros_like(q) for q in queries]
    inner = [(g * m).sum(axis=-1) for g, m in zip(gradients, attended.mixed, strict=True)]
    waiting: dict[tuple[int, int], FloatArray] = {}

    def use(die: int, part: int, block: FloatArray) -> None:
        mask = visible[die, part]
        if not mask.any() or not queries[die].size:
            return
        q, k, v = _grouped(queries[die], block)
        per_head = (*q.shape[:3], 1)
        weights = np.exp(_logits(q, k, mask) - attended.log_sum[die].reshape(per_head))
        gradient = gradients[die].reshape(q.shape)
        d_weights = np.einsum("rghd,cgd->rghc", gradient, v)
        d_logits = weights * (d_weights - inner[die].reshape(per_head)) / np.sqrt(q.shape[-1])
        d_queries[die] += np.einsum("rghc,cgd->rghd", d_logits, k).reshape(queries[die].shape)
        dk = np.einsum("rghc,rghd->cgd", d_logits, q)
        dv = np.einsum("rghc,rghd->cgd", weights, gradient)
        waiting[die, part] = np.stack([dk, dv], axis=1)

    stream(schedule, cut, use, ledger, "key-value")
    shapes = [piece.shape for own in cut for piece in own]

    def share(die: int, part: int) -> FloatArray:
        return waiting.pop((die, part)) if (die, part) in waiting else np.zeros(shapes[part])

    sums = reduce(schedule, share, shapes, ledger, "key-value gradient")
    return d_queries, [np.concatenate(own) for own in sums]


def _parts(
    schedule: Schedule, keys_values: Sequence[FloatArray], rows: Sequence[Rows]
) -> tuple[dict[tuple[int, int], NDArray[np.bool_]], list[list[FloatArray]]]:
    """Which of a part's keys each die's rows may see [die, part], and the chunks cut into parts."""
    split, dies = schedule.split, range(schedule.n_dies)
    visible = {}
    cut = []
    for owner in dies:
        pieces = part_slices([len(rows[owner].position)], split)
        cut.append(split_along(keys_values[owner], [p.stop - p.start for p in pieces], 0))
        for k, piece in enumerate(pieces):
            keys = rows[owner].take(piece)
            visible.update({(die, owner * split + k): rows[die].sees(keys) for die in dies})
    return visible, cut


def _grouped(queries: FloatArray, block: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Queries [m, kv heads, heads per kv head, d], keys and values [c, kv heads, d]."""
    m, heads, width = queries.shape
    kv_heads = block.shape[2]
    return queries.reshape(m, kv_heads, heads // kv_heads, width), block[:, 0], block[:, 1]


def _logits(q: FloatArray, k: FloatArray, mask: NDArray[np.bool_]) -> FloatArray:
    scores = np.einsum("rghd,cgd->rghc", q, k) / np.sqrt(q.shape[-1])
    return np.where(mask[:, None, None, :], scores, -np.inf)
