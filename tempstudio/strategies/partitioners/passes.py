"""One block's forward and backward pass as phases, with what travels beside and is kept."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from tempstudio.core.memory import activation_bytes, inside_tensors, score_bytes
from tempstudio.core.partition import (
    BACKWARD,
    FORWARD,
    RECOMPUTE,
    Collective,
    Phase,
    Segment,
    Work,
)
from tempstudio.core.row_shares import BOTH
from tempstudio.core.row_shares import ROWS as OWN_ROWS
from tempstudio.core.workload import Block, Operator
from tempstudio.strategies.partitioners.attention import attention_phases
from tempstudio.strategies.partitioners.layouts import choose_layouts
from tempstudio.strategies.partitioners.pointwise import (
    embedding_phases,
    loss_phases,
    memory_phase,
)
from tempstudio.strategies.partitioners.products import product_backward, product_forward
from tempstudio.strategies.partitioners.redistribution import (
    PRODUCTS,
    ROWS,
    Exchange,
    exchanges,
)
from tempstudio.strategies.partitioners.sharding import gathers, reductions
from tempstudio.strategies.partitioners.shares import (
    Shares,
    operator_shares,
)


@lru_cache(maxsize=256)
def _saved_bytes(block: Block, shares: Shares) -> tuple[float, float]:
    """(kept per copy until its backward, needed besides while the backward of a copy runs)."""
    job = shares.job
    tokens = shares.rows * shares.degrees.stream
    own = {name: mine.parts for name, mine in operator_shares(block, shares).items()}
    whole = activation_bytes(block, tokens, job, shares.parts, shares.hidden, own)
    scores = sum(score_bytes(op, tokens, job, shares.parts) for op in block.operators)
    if job.recompute == "none" or not _is_layer(block):
        return whole, 0.0
    if job.recompute == "selective":
        return whole, scores
    kept = tokens * shares.hidden * job.bytes_per_element / shares.parts.outside
    return kept, max(0.0, whole + scores - kept)


def _is_layer(block: Block) -> bool:
    return any(operator.kind == "attention" for operator in block.operators)


def forward_segment(block: Block, repeat: int, shares: Shares) -> Segment:
    """What a stage does for `repeat` copies of a block, forward."""
    return Segment(
        name=block.name,
        pass_=FORWARD,
        phases=_forward_phases(block, shares, FORWARD),
        repeat=repeat,
        background=gathers(block, shares, FORWARD),
        saved_bytes=_saved_bytes(block, shares)[0],
    )


def _forward_phases(block: Block, shares: Shares, pass_: str) -> tuple[Phase, ...]:
    """Every operator's phases, after what brings its inputs into its layout."""
    layouts = choose_layouts(block, shares)
    moved = exchanges(block, layouts, shares)
    own, inside = operator_shares(block, shares), inside_tensors(block)
    phases: list[Phase] = []
    for operator in block.operators:
        phases += _moves(moved, operator.name, operator.name, pass_)
        phases += _operator_phases(operator, layouts, inside, own[operator.name], pass_)
    phases += _moves(moved, "", block.operators[-1].name, pass_)
    return tuple(phases)


def _backward_phases(block: Block, shares: Shares) -> tuple[Phase, ...]:
    """The same backward: gradients return to the layout that the inputs came in."""
    layouts = choose_layouts(block, shares)
    moved = exchanges(block, layouts, shares)
    own, inside = operator_shares(block, shares), inside_tensors(block)
    phases = _moves(moved, "", block.operators[-1].name, BACKWARD)
    for operator in reversed(block.operators):
        phases += _operator_phases(operator, layouts, inside, own[operator.name], BACKWARD)
        phases += _moves(moved, operator.name, operator.name, BACKWARD)
    return tuple(phases)


def _moves(
    moved: dict[str, tuple[Exchange, ...]], before: str, operator: str, pass_: str
) -> list[Phase]:
    return [
        replace(phase, work=Work(share=OWN_ROWS))
        for move in moved.get(before, ())
        for phase in move.phase(operator, pass_)
    ]


def backward_segment(block: Block, repeat: int, shares: Shares, last: bool) -> Segment:
    """The same backward, recompute before it, reductions behind it; `last` micro-batch or not."""
    saved, transient = _saved_bytes(block, shares)
    hidden = shares.rules.hide_gradients or shares.degrees.zero >= 2
    return Segment(
        name=block.name,
        pass_=BACKWARD,
        phases=(*_recompute_phases(block, shares), *_backward_phases(block, shares)),
        repeat=repeat,
        background=(
            *(gathers(block, shares, RECOMPUTE) if _recomputes_all(block, shares) else ()),
            *gathers(block, shares, BACKWARD),
            *(reductions(block, shares, last) if hidden else ()),
        ),
        saved_bytes=-saved,
        transient_bytes=transient,
    )


def _recomputes_all(block: Block, shares: Shares) -> bool:
    return shares.job.recompute == "full" and _is_layer(block)


def _recompute_phases(block: Block, shares: Shares) -> tuple[Phase, ...]:
    recompute = shares.job.recompute
    if recompute == "none" or not _is_layer(block):
        return ()
    if recompute == "full":
        return _forward_phases(block, shares, RECOMPUTE)
    layouts, own = choose_layouts(block, shares), operator_shares(block, shares)
    return tuple(
        phase
        for operator in block.operators
        if operator.kind == "attention"
        for phase in attention_phases(
            operator, layouts.get(operator.name, ROWS), own[operator.name], RECOMPUTE
        )
    )


def _operator_phases(
    operator: Operator,
    layouts: dict[str, str],
    inside: frozenset[str],
    shares: Shares,
    pass_: str,
) -> list[Phase]:
    if operator.kind in PRODUCTS:
        mode = layouts[operator.name]
        if pass_ == BACKWARD:
            return _with_experts(operator, product_backward(operator, mode, shares), shares, pass_)
        return _with_experts(
            operator, product_forward(operator, mode, shares, pass_), shares, pass_
        )
    layout = layouts.get(operator.name, ROWS)
    if operator.kind == "attention":
        phases = attention_phases(operator, layout, shares, pass_)
    elif operator.kind == "embedding":
        phases = embedding_phases(operator, shares, pass_)
    elif operator.kind == "loss":
        phases = loss_phases(operator, shares, pass_)
    else:
        phases = memory_phase(operator, operator.name in inside, shares, pass_)
    if layout != ROWS or shares.degrees.stream == 1:
        return phases
    share = BOTH if operator.kind == "attention" else OWN_ROWS
    return [replace(phase, work=replace(phase.work, share=share)) for phase in phases]


def _with_experts(
    operator: Operator, phases: list[Phase], shares: Shares, pass_: str
) -> list[Phase]:
    """Tokens travel to their experts before the first product and back after the second."""
    if operator.kind != "experts" or shares.degrees.ep == 1:
        return phases
    width = operator.in_features if operator.role == "column" else operator.out_features
    size = float(shares.norm_rows * operator.active_experts * width * shares.element)
    exchange = Phase(
        operator.name,
        pass_,
        Work(share=OWN_ROWS),
        collective=Collective("all-to-all", ("ep",), size),
        role="E",
        tensor="routed tokens",
        buffer_bytes=size,
    )
    enters = (operator.role == "column") == (pass_ != BACKWARD)
    return [exchange, *phases] if enters else [*phases, exchange]
