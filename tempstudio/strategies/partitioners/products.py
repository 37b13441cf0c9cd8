"""Phases of a matrix product: local, or streamed by weight, input or output (SPEC 4)."""

from __future__ import annotations

import math

from tempstudio.core.parallel import share_sizes
from tempstudio.core.partition import BACKWARD, FORWARD, Collective, Phase, Stream, Work
from tempstudio.core.workload import Operator
from tempstudio.strategies.partitioners.layouts import (
    INPUT,
    LOCAL,
    OUTPUT,
    WEIGHT,
    Product,
    product_of,
)
from tempstudio.strategies.partitioners.shares import Shares

ACCUMULATOR_BYTES = 4


def product_forward(
    operator: Operator, mode: str, shares: Shares, pass_: str = FORWARD
) -> list[Phase]:
    """The forward phases of one product, with the collectives of its tensor-parallel split."""
    product = product_of(operator, shares)
    work = _work(operator, product, mode, shares)
    role = "W" if mode == WEIGHT else "I"
    tensor = {WEIGHT: "weight", INPUT: "input", OUTPUT: "partial output"}.get(mode, "")
    main = Phase(
        operator.name,
        pass_,
        work=work,
        stream=_stream(product, mode, shares, reverse=mode == OUTPUT),
        role=role if mode != LOCAL else "",
        tensor=tensor,
        layout=mode,
    )
    before, after = _tensor_collectives(operator, shares, pass_)
    return [*before, main, *after]


def product_backward(operator: Operator, mode: str, shares: Shares) -> list[Phase]:
    """The input's gradient, then the weight's; an O-stream does both at once."""
    product = product_of(operator, shares)
    before, after = _tensor_collectives(operator, shares, BACKWARD)
    if mode == OUTPUT:
        both = _work(operator, product, mode, shares, times=2.0)
        stream = _stream(product, OUTPUT, shares, reverse=False)
        phases = [
            Phase(
                operator.name,
                BACKWARD,
                both,
                stream,
                role="G",
                tensor="output gradient",
                layout=mode,
            )
        ]
    else:
        work = _work(operator, product, mode, shares)
        first, second = _gradient_streams(product, mode, shares)
        moved = {
            WEIGHT: ("W", "weight", "G", "weight gradient"),
            INPUT: ("G", "input gradient", "I", "input"),
        }.get(mode, ("", "", "", ""))
        phases = [
            Phase(
                operator.name, BACKWARD, work, first, role=moved[0], tensor=moved[1], layout=mode
            ),
            Phase(
                operator.name, BACKWARD, work, second, role=moved[2], tensor=moved[3], layout=mode
            ),
        ]
    return [*before, *phases, *after]


def _gradient_streams(
    product: Product, mode: str, shares: Shares
) -> tuple[Stream | None, Stream | None]:
    if mode == WEIGHT:
        ratio = shares.job.gradient_bytes / shares.element
        return (
            _stream(product, WEIGHT, shares, reverse=False),
            _stream(product, WEIGHT, shares, reverse=True, ratio=ratio),
        )
    if mode == INPUT:
        return (
            _stream(product, INPUT, shares, reverse=True),
            _stream(product, INPUT, shares, reverse=False),
        )
    return None, None


def _stream(
    product: Product, mode: str, shares: Shares, reverse: bool, ratio: float = 1.0
) -> Stream | None:
    n = shares.degrees.stream
    if mode == LOCAL or n == 1:
        return None
    element = shares.element
    rows, columns = math.ceil(product.tokens / n), math.ceil(product.columns / n)
    inner = math.ceil(product.inner / n)
    if mode == WEIGHT:
        sizes = share_sizes(product.columns, n) * (product.inner * product.experts * element)
        reread = rows * product.inner * element
    elif mode == INPUT:
        sizes = share_sizes(product.tokens, n) * (product.inner * element)
        reread = product.inner * columns * product.experts * element
    else:
        sizes = share_sizes(product.tokens, n) * (product.columns * element)
        reread = inner * product.columns * product.experts * element
    tile = min(rows, 128)
    resident = tile * product.inner * element + tile * min(columns, 128) * ACCUMULATOR_BYTES
    return Stream(
        axis="stream",
        chunk_bytes=tuple((sizes * ratio).tolist()),
        reverse=reverse,
        resident_bytes=float(resident),
        reread_bytes=float(reread),
    )


def _work(
    operator: Operator, product: Product, mode: str, shares: Shares, times: float = 1.0
) -> Work:
    """The largest share of one product; `times` 2 where one phase does both gradients."""
    n, element = shares.degrees.stream, shares.element
    rows, columns = math.ceil(product.tokens / n), math.ceil(product.columns / n)
    inner = math.ceil(product.inner / n)
    experts = product.experts
    if mode == LOCAL:
        rows, columns, inner = product.tokens, product.columns, product.inner
        flop = 2.0 * rows * inner * columns
        moved = rows * inner + product.weights + rows * columns
        shape = (math.ceil(rows / experts), inner, columns)
    elif mode == OUTPUT:
        flop = 2.0 * rows * inner * product.columns * n
        moved = product.tokens * inner + inner * product.columns * experts + rows * product.columns
        shape = (math.ceil(rows / experts), inner, product.columns)
    else:
        flop = 2.0 * rows * product.inner * columns * n
        own = columns * product.inner * experts
        outputs = rows * product.columns if mode == WEIGHT else product.tokens * columns
        moved = rows * product.inner + own + outputs
        shape = (math.ceil(rows / experts), product.inner, columns)
    dies = shares.degrees.size // shares.degrees.pp
    copies = 1 if operator.role or shares.rules.split_norms else shares.degrees.tp
    return Work(
        flop=flop * times,
        flop_total=operator.flop(shares.all_tokens, shares.job.seq_len) * copies * times,
        hbm_bytes=float(moved * element) * times,
        hbm_bytes_total=float(moved * element) * times * dies,
        tile_shape=shape,
    )


def _tensor_collectives(
    operator: Operator, shares: Shares, pass_: str
) -> tuple[list[Phase], list[Phase]]:
    """What Megatron's split exchanges before and after a product (Korthikanti et al. 2022, 4.2).

    Unsplit norms: all-reduce of a row operator's output, and of a column operator's input gradient.
    Split norms: all-gather before, reduce-scatter after, in both passes.
    """
    if shares.degrees.tp == 1 or operator.role not in ("column", "row"):
        return [], []
    forward = pass_ != BACKWARD
    width = operator.in_features if operator.role == "column" else operator.out_features
    size = float(shares.rows * width * shares.element)
    enters = (operator.role == "column") == forward
    if not shares.rules.split_norms:
        if enters:
            return [], []
        return [], [_exchange(operator, pass_, "all-reduce", size, 0.0)]
    if enters:
        return [_exchange(operator, pass_, "all-gather", size, size)], []
    return [], [_exchange(operator, pass_, "reduce-scatter", size, size)]


def _exchange(operator: Operator, pass_: str, op: str, size: float, buffer: float) -> Phase:
    return Phase(
        operator.name,
        pass_,
        collective=Collective(op, ("tp",), size),
        role="C",
        tensor="activation" if pass_ == FORWARD else "activation gradient",
        buffer_bytes=buffer,
    )
