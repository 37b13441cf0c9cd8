"""What a die does for one copy of a block, forward and backward, whatever stage it is in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from tempstudio.core.memory import activation_bytes, inside_tensors, score_bytes
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import (
    BACKWARD,
    FORWARD,
    RECOMPUTE,
    Collective,
    OperatorChoice,
    Phase,
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
from tempstudio.strategies.partitioners.shares import Shares, operator_shares


@dataclass(frozen=True, eq=False)
class CutBlock:
    """A block, how its operators are cut, and the phases that follow.

    `shares` are those of one replica at ZeRO-0 without recomputation: whatever else differs, phases
    are the same objects.
    """

    block: Block
    shares: Shares
    _backward: dict[str, tuple[Phase, ...]] = field(default_factory=dict, repr=False)
    _saved: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False)

    @cached_property
    def layouts(self) -> dict[str, str]:
        """The mode of every product, the layout of every operator between two."""
        return choose_layouts(self.block, self.shares)

    @cached_property
    def moved(self) -> dict[str, tuple[Exchange, ...]]:
        """What changes its layout before each operator."""
        return exchanges(self.block, self.layouts, self.shares)

    @cached_property
    def own(self) -> dict[str, Shares]:
        """The shares of each operator."""
        return operator_shares(self.block, self.shares)

    @cached_property
    def inside(self) -> frozenset[str]:
        """Operators between a column and a row operator."""
        return inside_tensors(self.block)

    @cached_property
    def is_layer(self) -> bool:
        """Whether it is one that may be recomputed."""
        return any(operator.kind == "attention" for operator in self.block.operators)

    @cached_property
    def forward(self) -> tuple[Phase, ...]:
        """The phases of the forward pass."""
        return _forward_phases(self, FORWARD)

    def backward(self, recompute: str) -> tuple[Phase, ...]:
        """The phases of the backward pass, after what is computed again."""
        if recompute not in self._backward:
            again = _recompute_phases(self, recompute)
            plain = self.backward("none") if again else _backward_phases(self)
            self._backward[recompute] = (*again, *plain)
        return self._backward[recompute]

    def saved_bytes(self, recompute: str) -> tuple[float, float]:
        """(kept per copy until its backward, needed besides while the backward of a copy runs)."""
        if recompute not in self._saved:
            self._saved[recompute] = self._saved_bytes(recompute)
        return self._saved[recompute]

    def _saved_bytes(self, recompute: str) -> tuple[float, float]:
        block, shares = self.block, self.shares
        job = replace(shares.job, recompute=recompute)
        tokens = shares.rows * shares.degrees.stream
        own = {name: mine.parts for name, mine in self.own.items()}
        whole = activation_bytes(block, tokens, job, shares.parts, shares.hidden, own)
        if recompute == "none" or not self.is_layer:
            return whole, 0.0
        scores = sum(score_bytes(op, tokens, job, shares.parts) for op in block.operators)
        if recompute == "selective":
            return whole, scores
        kept = tokens * shares.hidden * job.bytes_per_element / shares.parts.outside
        return kept, max(0.0, whole + scores - kept)

    def choices(self, whole: Degrees) -> tuple[OperatorChoice, ...]:
        """Every operator's degrees and layout in a plan."""
        plain = replace(whole, operators=()) if whole.operators else whole
        found = []
        for operator in self.block.operators:
            own = self.own[operator.name].degrees
            mine = plain
            if (own.tp, own.stream) != (plain.tp, plain.stream):
                mine = replace(plain, tp=own.tp, stream=own.stream)
            layout = DESCRIPTIONS[self.layouts.get(operator.name, ROWS)]
            found.append(OperatorChoice(operator.name, mine, layout))
        return tuple(found)

    def moves(self, before: str, operator: str, pass_: str) -> list[Phase]:
        """What changes its layout before an operator, as phases."""
        return [
            replace(phase, work=Work(share=OWN_ROWS))
            for move in self.moved.get(before, ())
            for phase in move.phase(operator, pass_)
        ]


def _forward_phases(cut: CutBlock, pass_: str) -> tuple[Phase, ...]:
    """Every operator's phases, after what brings its inputs into its layout."""
    operators = cut.block.operators
    phases: list[Phase] = []
    for operator in operators:
        phases += cut.moves(operator.name, operator.name, pass_)
        phases += _operator_phases(operator, cut, pass_)
    phases += cut.moves("", operators[-1].name, pass_)
    return tuple(phases)


def _backward_phases(cut: CutBlock) -> tuple[Phase, ...]:
    """The same backward: gradients return to the layout that the inputs came in."""
    operators = cut.block.operators
    phases = cut.moves("", operators[-1].name, BACKWARD)
    for operator in reversed(operators):
        phases += _operator_phases(operator, cut, BACKWARD)
        phases += cut.moves(operator.name, operator.name, BACKWARD)
    return tuple(phases)


def _recompute_phases(cut: CutBlock, recompute: str) -> tuple[Phase, ...]:
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


def _operator_phases(operator: Operator, cut: CutBlock, pass_: str) -> list[Phase]:
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
