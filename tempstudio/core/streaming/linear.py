"""O = I W on die-local shares, one of the three operands streaming (SPEC 4, selective transfer).

| stream | I          | W          | O       | backward                                          |
|--------|------------|------------|---------|---------------------------------------------------|
| W      | rows       | columns    | rows    | W streams again for dI, dW is reduced             |
| I      | rows       | columns    | columns | I streams again for dW, dI is reduced             |
| O      | columns    | rows       | rows    | dO streams once, for dI and dW; O was reduced     |

All arguments are lists with one array per die: its own share and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from tempstudio.core.errors import InputError
from tempstudio.core.streaming.execution import FloatArray, reduce, stream
from tempstudio.core.streaming.ledger import Ledger
from tempstudio.core.streaming.rounds import Schedule

Locals: TypeAlias = list[FloatArray]
Mode: TypeAlias = Literal["W", "I", "O"]


def shares(total: int, n: int) -> list[int]:
    """Sizes of n uneven shares: the first `total` mod n get one more (as `np.array_split`)."""
    return [total // n + (k < total % n) for k in range(n)]


def part_slices(sizes: Sequence[int], split: int) -> list[slice]:
    """Where each part lies on the axis that the chunks of these sizes divide."""
    slices, start = [], 0
    for size in sizes:
        for length in shares(size, split):
            slices.append(slice(start, start + length))
            start += length
    return slices


def execute(
    schedule: Schedule,
    I: FloatArray,  # noqa: E741
    W: FloatArray,
    dO: FloatArray,
    *,
    mode: Mode = "W",
    ledger: Ledger | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """O = I W and, from dO, the gradients: (O, dI, dW), computed on n dies that share nothing.

    `I` [M, K], `W` [K, N], `dO` [M, N], float64; shares may be uneven or empty.  `mode` says which
    operand streams.  `ledger` is told the elements that crossed each directed link.

    >>> import numpy as np
    >>> from tempstudio.core.streaming import schedule
    >>> I, W, dO = np.ones((5, 2)), np.eye(2, 3), np.ones((5, 3))
    >>> O, dI, dW = execute(schedule(2, 2), I, W, dO)
    >>> bool((O == I @ W).all() and (dI == dO @ W.T).all() and (dW == I.T @ dO).all())
    True
    """
    I, W, dO = (np.asarray(x, dtype=np.float64) for x in (I, W, dO))  # noqa: E741
    if I.ndim != 2 or W.ndim != 2 or I.shape[1] != W.shape[0]:
        found = f"found I {list(I.shape)} and W {list(W.shape)}"
        raise InputError(f"execute: {found}, allowed: [M, K] and [K, N]")
    if dO.shape != (I.shape[0], W.shape[1]):
        allowed = [I.shape[0], W.shape[1]]
        raise InputError(f"execute: dO: found {list(dO.shape)}, allowed: {allowed}")
    if mode not in ("W", "I", "O"):
        raise InputError(f"execute: mode: found {mode!r:.40}, allowed: 'W', 'I' or 'O'")
    account = Ledger() if ledger is None else ledger
    n, (m, k) = schedule.n_dies, I.shape
    if mode == "O":
        inputs, weights = split_along(I, shares(k, n), 1), split_along(W, shares(k, n), 0)
    else:
        inputs = split_along(I, shares(m, n), 0)
        weights = split_along(W, shares(W.shape[1], n), 1)
    out_axis, out_size = (1, W.shape[1]) if mode == "I" else (0, m)
    gradients = split_along(dO, shares(out_size, n), out_axis)
    if mode == "W":
        outputs = w_stream(schedule, inputs, weights, account)
        d_inputs, d_weights = w_stream_backward(schedule, inputs, weights, gradients, account)
    elif mode == "I":
        outputs = i_stream(schedule, inputs, weights, account)
        d_inputs, d_weights = i_stream_backward(schedule, inputs, weights, gradients, account)
    else:
        outputs = o_stream(schedule, inputs, weights, shares(m, n), account)
        d_inputs, d_weights = o_stream_backward(schedule, inputs, weights, gradients, account)
    in_axis, weight_axis = (1, 0) if mode == "O" else (0, 1)
    return (
        np.concatenate(outputs, axis=out_axis),
        np.concatenate(d_inputs, axis=in_axis),
        np.concatenate(d_weights, axis=weight_axis),
    )


def w_stream(schedule: Schedule, inputs: Locals, weights: Locals, ledger: Ledger) -> Locals:
    """Rows to rows: inputs [m_i, K], weights [K, n_i] -> outputs [m_i, N]; the weights travel."""
    columns = part_slices([w.shape[1] for w in weights], schedule.split)
    total = sum(w.shape[1] for w in weights)
    outputs = [np.empty((rows.shape[0], total)) for rows in inputs]

    def use(die: int, part: int, weight: FloatArray) -> None:
        outputs[die][:, columns[part]] = inputs[die] @ weight

    stream(schedule, _cut(weights, schedule.split, 1), use, ledger, "weight")
    return outputs


def w_stream_backward(
    schedule: Schedule, inputs: Locals, weights: Locals, gradients: Locals, ledger: Ledger
) -> tuple[Locals, Locals]:
    """From gradients [m_i, N]: (input gradients [m_i, K], weight gradients [K, n_i])."""
    columns = part_slices([w.shape[1] for w in weights], schedule.split)
    d_inputs = [np.zeros_like(rows) for rows in inputs]

    def use(die: int, part: int, weight: FloatArray) -> None:
        d_inputs[die] += gradients[die][:, columns[part]] @ weight.T

    def share(die: int, part: int) -> FloatArray:
        return inputs[die].T @ gradients[die][:, columns[part]]

    stream(schedule, _cut(weights, schedule.split, 1), use, ledger, "weight")
    shapes = [piece.shape for own in _cut(weights, schedule.split, 1) for piece in own]
    sums = reduce(schedule, share, shapes, ledger, "weight gradient")
    return d_inputs, [np.concatenate(own, axis=1) for own in sums]


def i_stream(schedule: Schedule, inputs: Locals, weights: Locals, ledger: Ledger) -> Locals:
    """Rows to columns: inputs [m_i, K], weights [K, n_i] -> outputs [M, n_i]; the inputs travel."""
    rows = part_slices([x.shape[0] for x in inputs], schedule.split)
    total = sum(x.shape[0] for x in inputs)
    outputs = [np.empty((total, weight.shape[1])) for weight in weights]

    def use(die: int, part: int, block: FloatArray) -> None:
        outputs[die][rows[part]] = block @ weights[die]

    stream(schedule, _cut(inputs, schedule.split, 0), use, ledger, "input")
    return outputs


def i_stream_backward(
    schedule: Schedule, inputs: Locals, weights: Locals, gradients: Locals, ledger: Ledger
) -> tuple[Locals, Locals]:
    """From gradients [M, n_i]: (input gradients [m_i, K], weight gradients [K, n_i])."""
    rows = part_slices([x.shape[0] for x in inputs], schedule.split)
    d_weights = [np.zeros_like(weight) for weight in weights]

    def use(die: int, part: int, block: FloatArray) -> None:
        d_weights[die] += block.T @ gradients[die][rows[part]]

    def share(die: int, part: int) -> FloatArray:
        return gradients[die][rows[part]] @ weights[die].T

    stream(schedule, _cut(inputs, schedule.split, 0), use, ledger, "input")
    shapes = [piece.shape for own in _cut(inputs, schedule.split, 0) for piece in own]
    sums = reduce(schedule, share, shapes, ledger, "input gradient")
    return [np.concatenate(own) for own in sums], d_weights


def o_stream(
    schedule: Schedule, inputs: Locals, weights: Locals, row_sizes: Sequence[int], ledger: Ledger
) -> Locals:
    """Columns to rows: inputs [M, k_i], weights [k_i, N] -> outputs [m_i, N], m_i = row_sizes[i].

    The partial outputs travel, time-reversed.
    """
    rows = part_slices(row_sizes, schedule.split)

    def share(die: int, part: int) -> FloatArray:
        return inputs[die][rows[part]] @ weights[die]

    width = weights[0].shape[1]
    shapes = [(part.stop - part.start, width) for part in rows]
    sums = reduce(schedule, share, shapes, ledger, "output")
    return [np.concatenate(own) for own in sums]


def o_stream_backward(
    schedule: Schedule, inputs: Locals, weights: Locals, gradients: Locals, ledger: Ledger
) -> tuple[Locals, Locals]:
    """From gradients [m_i, N]: (input gradients [M, k_i], weight gradients [k_i, N])."""
    rows = part_slices([g.shape[0] for g in gradients], schedule.split)
    d_inputs = [np.empty_like(x) for x in inputs]
    d_weights = [np.zeros_like(weight) for weight in weights]

    def use(die: int, part: int, block: FloatArray) -> None:
        d_inputs[die][rows[part]] = block @ weights[die].T
        d_weights[die] += inputs[die][rows[part]].T @ block

    stream(schedule, _cut(gradients, schedule.split, 0), use, ledger, "output gradient")
    return d_inputs, d_weights


def split_along(array: FloatArray, sizes: Sequence[int], axis: int) -> Locals:
    """Consecutive shares of these sizes, each an array of its own."""
    bounds = np.cumsum(sizes)[:-1]
    return [share.copy() for share in np.split(array, bounds, axis=axis)]


def _cut(chunks: Locals, split: int, axis: int) -> list[Locals]:
    return [split_along(chunk, shares(chunk.shape[axis], split), axis) for chunk in chunks]
