"""Embedding and loss with the vocabulary split over the dies.

Tokens are looked up by all-to-all; under the loss the output matrix streams, so that no die ever
holds all of it nor the logits of more than its own rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tempstudio.core.streaming.block import TokenArray
from tempstudio.core.streaming.execution import FloatArray, reduce, stream
from tempstudio.core.streaming.frontier import Adjacency
from tempstudio.core.streaming.ledger import Ledger
from tempstudio.core.streaming.linear import Locals, part_slices, split_along
from tempstudio.core.streaming.linear import shares as share_sizes
from tempstudio.core.streaming.messages import send
from tempstudio.core.streaming.rounds import Schedule


def look_up(
    graph: Adjacency, tables: Locals, tokens: Sequence[TokenArray], ledger: Ledger
) -> Locals:
    """Each die's embedded tokens [m_i, h] from tables [V_i, h]: ask the owner, get the rows."""
    starts = np.cumsum([0, *(len(table) for table in tables)])
    embedded = [np.empty((len(own), tables[0].shape[1])) for own in tokens]
    for die, own in enumerate(tokens):
        owners = np.searchsorted(starts, own, side="right") - 1
        for owner in np.unique(owners).tolist():
            wanted = owners == owner
            asked = send(graph, ledger, "token", die, owner, own[wanted])
            found = tables[owner][asked - starts[owner]]
            embedded[die][wanted] = send(graph, ledger, "embedding", owner, die, found)
    return embedded


def look_up_backward(
    graph: Adjacency,
    tables: Locals,
    tokens: Sequence[TokenArray],
    gradients: Locals,
    ledger: Ledger,
) -> Locals:
    """The tables' gradients: each die sends its rows' gradients to the owners, which add them up
    (they remember what was asked)."""
    starts = np.cumsum([0, *(len(table) for table in tables)])
    sums = [np.zeros_like(table) for table in tables]
    for die, own in enumerate(tokens):
        owners = np.searchsorted(starts, own, side="right") - 1
        for owner in np.unique(owners).tolist():
            wanted = owners == owner
            kind = "embedding gradient"
            arrived = send(graph, ledger, kind, die, owner, gradients[die][wanted])
            np.add.at(sums[owner], own[wanted] - starts[owner], arrived)
    return sums


def streamed_cross_entropy(
    schedule: Schedule,
    inputs: Locals,
    heads: Locals,
    targets: Sequence[TokenArray],
    rows: int,
    ledger: Ledger,
) -> tuple[list[float], Locals, Locals]:
    """Each die's share of the mean loss over `rows` rows, the gradients of its inputs [m_i, h] and
    of its columns [h, V_i] of the output matrix.

    The matrix streams twice (for the softmax's sum, then for the gradients), its gradient is
    reduced.
    """
    columns = part_slices([head.shape[1] for head in heads], schedule.split)
    peak = [np.full(len(x), -np.inf) for x in inputs]
    total = [np.zeros(len(x)) for x in inputs]
    hit = [np.zeros(len(x)) for x in inputs]

    def gather(die: int, part: int, head: FloatArray) -> None:
        if not head.size or not len(inputs[die]):
            return
        logits = inputs[die] @ head
        higher = np.maximum(peak[die], logits.max(axis=1))
        fresh = np.exp(logits - higher[:, None]).sum(axis=1)
        total[die] = total[die] * np.exp(peak[die] - higher) + fresh
        peak[die] = higher
        mine, column = _targets_in(columns[part], targets[die])
        hit[die][mine] = logits[mine, column]

    pieces = [split_along(h, share_sizes(h.shape[1], schedule.split), 1) for h in heads]
    stream(schedule, pieces, gather, ledger, "weight")
    log_sum = [top + np.log(amount) for top, amount in zip(peak, total, strict=True)]
    losses = [float((ls - h).sum() / rows) for ls, h in zip(log_sum, hit, strict=True)]

    d_inputs = [np.zeros_like(x) for x in inputs]
    shapes = [piece.shape for own in pieces for piece in own]
    waiting: dict[tuple[int, int], FloatArray] = {}

    def differentiate(die: int, part: int, head: FloatArray) -> None:
        d_logits = np.exp(inputs[die] @ head - log_sum[die][:, None])
        mine, column = _targets_in(columns[part], targets[die])
        d_logits[mine, column] -= 1.0
        d_logits /= rows
        d_inputs[die] += d_logits @ head.T
        waiting[die, part] = d_logits

    def share(die: int, part: int) -> FloatArray:
        return inputs[die].T @ waiting.pop((die, part))

    stream(schedule, pieces, differentiate, ledger, "weight")
    sums = reduce(schedule, share, shapes, ledger, "weight gradient")
    return losses, d_inputs, [np.concatenate(own, axis=1) for own in sums]


def _targets_in(columns: slice, targets: TokenArray) -> tuple[TokenArray, TokenArray]:
    """Rows whose target lies in these columns, and its column among them."""
    mine = np.flatnonzero((targets >= columns.start) & (targets < columns.stop))
    return mine, targets[mine] - columns.start
