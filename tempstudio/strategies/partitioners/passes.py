"""What a die does for one copy of a block, forward and backward, whatever stage it is in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from tempstudio.core.memory import activation_bytes, inside_tensors, score_bytes
from tempstudio.core.partition import (
    BACKWARD,
    FORWARD,
    RECOMPUTE,
    Collective,
    OperatorChoice,
    Phase,
    Segment,
    Work,
)
from tempstudio.core.row_shares import BOTH
from tempstudio.core.row_shares import ROWS as OWN_ROWS
from tempstudio.core.workload import Block, Operator
from tempstudio.strategies.partitioners.attention import attention_phases
from tempstudio.strategies.partitioners.layouts import DESCRIPTIONS, choose_layouts
from tempstudio.strategies.partitioners.pointwise import (
    embedding_phases,
    loss_phases,
    memory_phase,
)
from tempstudio.strategies.partitioners.products import product_backward, product_forward
from tempstudio.strategies.partitioners.redistribution import PRODUCTS, ROWS, Exchange, exchanges
from tempstudio.strategies.partitioners.sharding import gathers, reductions
from tempstudio.strategies.partitioners.shares import Shares, operator_shares


@dataclass(frozen=True, slots=True)
class BlockPasses:
    """The segments of one copy of a block, which a stage repeats, and how its operators are cut."""

    forward: Segment
    backward: Segment
    backward_last: Segment
    choices: tuple[OperatorChoice, ...]


def block_passes(block: Block, shares: Shares) -> BlockPasses:
    """One copy of a block; the backward of the last micro-batch may reduce gradients beside it."""
    cut = _CutBlock(block, shares)
    forward, backward = _forward_segment(cut), _backward_segment(cut)
    if not (shares.rules.hide_gradients or shares.degrees.zero >= 2):
        return BlockPasses(forward, backward, backward, cut.choices)
    every, last = (
        replace(backward, background=(*backward.background, *reductions(block, shares, end)))
        for end in (False, True)
    )
    return BlockPasses(forward, every, last, cut.choices)


@dataclass(frozen=True)
class _CutBlock:
    """A block, how its operators are cut, and what moves between them for that."""

    block: Block
    shares: Shares

    @cached_property
    def layouts(self) -> dict[str, str]:
        return choose_layouts(self.block, self.shares)

    @cached_property
    def moved(self) -> dict[str, tuple[Exchange, ...]]:
        return exchanges(self.block, self.layouts, self.shares)

    @cached_property
    def own(self) -> dict[str, Shares]:
        return operator_shares(self.block, self.shares)

    @cached_property
    def inside(self) -> frozenset[str]:
        return inside_tensors(self.block)

    @cached_property
    def is_layer(self) -> bool:
        return any(operator.kind == "attention" for operator in self.block.operators)

    @cached_property
    def saved_bytes(self) -> tuple[float, float]:
        """(kept per copy until its backward, needed besides while the backward of a copy runs)."""
        block, shares, job = self.block, self.shares, self.shares.job
        tokens = shares.rows * shares.degrees.stream
        own = {name: mine.parts for name, mine in self.own.items()}
        whole = activation_bytes(block, tokens, job, shares.parts, shares.hidden, own)
        scores = sum(score_bytes(op, tokens, job, shares.parts) for op in block.operators)
        if job.recompute == "none" or not self.is_layer:
            return whole, 0.0
        if job.recompute == "selective":
            return whole, scores
        kept = tokens * shares.hidden * job.bytes_per_element / shares.parts.outside
        return kept, max(0.0, whole + scores - kept)

    @property
    def choices(self) -> tuple[OperatorChoice, ...]:
        """Every operator's degrees and layout."""
        return tuple(
            OperatorChoice(
                operator.name,
                replace(self.own[operator.name].degrees, operators=()),
                DESCRIPTIONS[self.layouts.get(operator.name, ROWS)],
            )
            for operator in self.block.operators
        )

    def moves(self, before: str, operator: str, pass_: str) -> list[Phase]:
        return [
            replace(phase, work=Work(share=OWN_ROWS))
            for move in self.moved.get(before, ())
            for phase in move.phase(operator, pass_)
        ]


def _forward_segment(cut: _CutBlock) -> Segment:
    return Segment(
        name=cut.block.name,
        pass_=FORWARD,
        phases=_forward_phases(cut, FORWARD),
        background=gathers(cut.block, cut.shares, FORWARD),
        saved_bytes=cut.saved_bytes[0],
    )


def _backward_segment(cut: _CutBlock) -> Segment:
    """The backward pass without its gradients' reduction."""
    block, shares = cut.block, cut.shares
    recomputes_all = shares.job.recompute == "full" and cut.is_layer
    saved, transient = cut.saved_bytes
    return Segment(
        name=block.name,
        pass_=BACKWARD,
        phases=(*_recompute_phases(cut), *_backward_phases(cut)),
        background=(
            *(gathers(block, shares, RECOMPUTE) if recomputes_all else ()),
            *gathers(block, shares, BACKWARD),
        ),
        saved_bytes=-saved,
        transient_bytes=transient,
    )


def _forward_phases(cut: _CutBlock, pass_: str) -> tuple[Phase, ...]:
    """Every operator's phases, after what brings its inputs into its layout."""
    operators = cut.block.operators
    phases: list[Phase] = []
    for operator in operators:
        phases += cut.moves(operator.name, operator.name, pass_)
        phases += _operator_phases(operator, cut, pass_)
    phases += cut.moves("", operators[-1].name, pass_)
    return tuple(phases)


def _backward_phases(cut: _CutBlock) -> tuple[Phase, ...]:
    """The same backward: gradients return to the layout that the inputs came in."""
    operators = cut.block.operators
    phases = cut.moves("", operators[-1].name, BACKWARD)
    for operator in reversed(operators):
        phases += _operator_phases(operator, cut, BACKWARD)
        phases += cut.moves(operator.name, operator.name, BACKWARD)
    return tuple(phases)


def _recompute_phases(cut: _CutBlock) -> tuple[Phase, ...]:
    recompute = cut.shares.job.recompute
    if recompute == "none" or not cut.is_layer:
        return ()
    if recompute == "full":
        return _forward_phases(cut, RECOMPUTE)
    return tuple(
        phase
        for operator in cut.block.operators
        if operator.kind == "attention"
        for phase in attention_phases(
            operator, cut.layouts.get(operator.name, ROWS), cut.own[operator.name], RECOMPUTE
        )
    )


def _operator_phases(operator: Operator, cut: _CutBlock, pass_: str) -> list[Phase]:
    shares, layout = cut.own[operator.name], cut.layouts.get(operator.name, ROWS)
    if operator.kind in PRODUCTS:
        mode = cut.layouts[operator.name]
        if pass_ == BACKWARD:
            phases = product_backward(operator, mode, shares)
        else:
            phases = product_forward(operator, mode, shares, pass_)
        return _with_experts(operator, phases, shares, pass_)
    if operator.kind == "attention":
        phases = attention_phases(operator, layout, shares, pass_)
    elif operator.kind == "embedding":
        phases = embedding_phases(operator, shares, pass_)
    elif operator.kind == "loss":
        phases = loss_phases(operator, shares, pass_)
    else:
        phases = memory_phase(operator, operator.name in cut.inside, shares, pass_)
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
