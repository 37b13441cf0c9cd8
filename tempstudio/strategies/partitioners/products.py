"""Phases of a matrix product: local, or streamed by weight, input or output (SPEC 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tempstudio.core.parallel import share_sizes
from tempstudio.core.partition import BACKWARD, FORWARD, Collective, Phase, Stream, Work
from tempstudio.core.row_shares import CHUNKS, ROWS
from tempstudio.core.workload import Operator
from tempstudio.strategies.partitioners.layouts import Product, product_of
from tempstudio.strategies.partitioners.redistribution import INPUT, LOCAL, OUTPUT, WEIGHT
from tempstudio.strategies.partitioners.shares import Shares

ACCUMULATOR_BYTES = 4


def product_forward(
    operator: Operator, mode: str, shares: Shares, pass_: str = FORWARD
) -> list[Phase]:
    """The forward phases of one product, with the collectives of its tensor-parallel split."""
    product = product_of(operator, shares)
    role = "W" if mode == WEIGHT else "I"
    tensor = {WEIGHT: "weight", INPUT: "input", OUTPUT: "partial output"}.get(mode, "")
    main = Phase(
        operator.name,
        pass_,
        work=_works(operator, product, mode, shares).forward,
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
    works = _works(operator, product, mode, shares)
    before, after = _tensor_collectives(operator, shares, BACKWARD)
    if mode == OUTPUT:
        stream = _stream(product, OUTPUT, shares, reverse=False)
        both = Phase(
            operator.name,
            BACKWARD,
            works.both,
            stream,
            role="G",
            tensor="output gradient",
            layout=mode,
        )
        return [*before, both, *after]
    first, second = _gradient_streams(product, mode, shares)
    moved = {
        WEIGHT: ("W", "weight", "G", "weight gradient"),
        INPUT: ("G", "input gradient", "I", "input"),
    }.get(mode, ("", "", "", ""))
    of_input = Phase(
        operator.name,
        BACKWARD,
        works.input_gradient,
        first,
        role=moved[0],
        tensor=moved[1],
        layout=mode,
    )
    of_weight = Phase(
        operator.name,
        BACKWARD,
        works.weight_gradient,
        second,
        role=moved[2],
        tensor=moved[3],
        layout=mode,
    )
    added = [] if shares.rules.fused_accumulation else [_addition(operator, product, shares)]
    if mode == LOCAL and operator.role == "column" and shares.rules.hide_tensor:
        return [*_hidden(of_input, of_weight, before, after), *added]
    return [*before, of_input, of_weight, *added, *after]


def _addition(operator: Operator, product: Product, shares: Shares) -> Phase:
    """What a kernel of its own costs that adds a weight's gradient to what there is.

    The product writes the gradient and that kernel reads it; the sum's traffic is the same.
    """
    moved = 2.0 * product.weights * shares.element
    dies = shares.degrees.size // shares.degrees.pp
    return Phase(operator.name, BACKWARD, Work(hbm_bytes=moved, hbm_bytes_total=moved * dies))


def _hidden(
    of_input: Phase, of_weight: Phase, before: Sequence[Phase], after: Sequence[Phase]
) -> list[Phase]:
    """Collectives behind the products: Korthikanti et al. 2022 (arXiv:2205.05198), section 6.2.

    The input is gathered again while its gradient is computed, and its gradient is reduced while
    the weight's is.
    """
    return [*_beside(of_input, before), *_beside(of_weight, after)]


def _beside(work: Phase, collectives: Sequence[Phase]) -> list[Phase]:
    if not collectives:
        return [work]
    only = collectives[0]
    return [replace(only, work=work.work, layout=work.layout, hidden=True), *collectives[1:]]


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
        axis=shares.axis("stream"),
        chunk_bytes=tuple((sizes * ratio).tolist()),
        reverse=reverse,
        resident_bytes=float(resident),
        reread_bytes=float(reread),
    )


@dataclass(frozen=True)
class Works:
    """Compute of one product in each pass; `both` gradients where one stream serves both."""

    forward: Work
    input_gradient: Work
    weight_gradient: Work

    @property
    def both(self) -> Work:
        """The two gradients as one phase."""
        one, two = self.input_gradient, self.weight_gradient
        return replace(
            one,
            flop=one.flop + two.flop,
            flop_total=one.flop_total + two.flop_total,
            hbm_bytes=one.hbm_bytes + two.hbm_bytes,
            hbm_bytes_total=one.hbm_bytes_total + two.hbm_bytes_total,
            output_bytes=one.output_bytes + two.output_bytes,
        )


def _works(operator: Operator, product: Product, mode: str, shares: Shares) -> Works:
    """The largest share of one product in each pass.

    A weight's gradient is added to what earlier micro-batches left: read and written in the
    gradient's bytes per element.
    """
    n, experts, tokens = shares.degrees.stream, product.experts, product.tokens
    rows, columns = math.ceil(tokens / n), math.ceil(product.columns / n)
    inner = product.inner
    if mode == LOCAL:
        rows, columns = tokens, product.columns
        flop = 2.0 * rows * inner * columns
        sent, received, weights = rows * inner, rows * columns, product.weights
    elif mode == OUTPUT:
        inner, columns = math.ceil(inner / n), product.columns
        flop = 2.0 * rows * inner * columns * n
        sent, received, weights = tokens * inner, rows * columns, inner * columns * experts
    else:
        flop = 2.0 * rows * inner * columns * n
        received = rows * product.columns if mode == WEIGHT else tokens * columns
        sent, weights = rows * inner, columns * inner * experts
    share = {WEIGHT: ROWS, INPUT: CHUNKS, OUTPUT: CHUNKS}.get(mode, "")
    dies = shares.degrees.size // shares.degrees.pp
    copies = 1 if operator.role or shares.rules.split_norms else shares.degrees.tp
    total = operator.flop(shares.all_tokens, shares.job.seq_len) * copies
    per_expert = math.ceil(rows / experts)

    def work(read: float, written: float, shape: tuple[int, int, int]) -> Work:
        moved = read + written
        return Work(
            flop=flop,
            flop_total=total,
            hbm_bytes=moved,
            hbm_bytes_total=moved * dies,
            tile_shape=shape,
            products=experts,
            output_bytes=written,
            share=share,
        )

    element = float(shares.element)
    added = 2.0 * shares.job.gradient_bytes * weights
    return Works(
        work((sent + weights) * element, received * element, (per_expert, inner, columns)),
        work((received + weights) * element, sent * element, (per_expert, columns, inner)),
        work((sent + received) * element, added, (inner, per_expert, columns)),
    )


def _tensor_collectives(
    operator: Operator, shares: Shares, pass_: str
) -> tuple[list[Phase], list[Phase]]:
    """What Megatron's split exchanges before and after a product (Korthikanti et al. 2022, 4.2).

    Unsplit norms: all-reduce of a row operator's output, and of a column operator's input gradient.
    Split norms: all-gather before, reduce-scatter after, in both passes; backward a column operator
    gathers its input again too, as only its own rows were kept.
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
        return [], [_exchange(operator, pass_, "all-reduce", size, 0.0, shares)]
    gather = _exchange(operator, pass_, "all-gather", size, size, shares)
    if enters:
        return [gather], []
    again = [] if forward else [replace(gather, tensor="activation")]
    return again, [_exchange(operator, pass_, "reduce-scatter", size, size, shares)]


def _exchange(
    operator: Operator, pass_: str, op: str, size: float, buffer: float, shares: Shares
) -> Phase:
    return Phase(
        operator.name,
        pass_,
        Work(share=ROWS),
        collective=Collective(op, (shares.axis("tp"),), size, shares.rules.tensor_algorithm),
        role="C",
        tensor="activation" if pass_ == FORWARD else "activation gradient",
        buffer_bytes=buffer,
    )
