"""From a model and degrees to the programs of all pipeline stages."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine
from tempstudio.core.memory import activation_bytes, inside_tensors, score_bytes, state_bytes
from tempstudio.core.parallel import Degrees, share_sizes
from tempstudio.core.partition import (
    BACKWARD,
    FORWARD,
    RECOMPUTE,
    Collective,
    OperatorChoice,
    Partition,
    Phase,
    Segment,
    StageProgram,
)
from tempstudio.core.row_shares import BOTH, EVEN, FOLLOW
from tempstudio.core.row_shares import ROWS as OWN_ROWS
from tempstudio.core.workload import Block, Operator, TrainingJob, Workload
from tempstudio.strategies.partitioners.attention import attention_phases
from tempstudio.strategies.partitioners.layouts import DESCRIPTIONS, choose_layouts
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
from tempstudio.strategies.partitioners.sharding import gathers, optimizer_segment, reductions
from tempstudio.strategies.partitioners.shares import (
    Rules,
    Shares,
    check_degrees,
    make_shares,
    operator_shares,
)

Run = tuple[Block, int]  # a block and how often a stage repeats it


def build_partition(
    workload: Workload, machine: Machine, job: TrainingJob, degrees: Degrees, rules: Rules
) -> Partition:
    """The programs of all stages; `InputError` where the degrees are not legal."""
    check_degrees(workload, machine, job, degrees, rules)
    shares = make_shares(workload, job, degrees, rules)
    chunks = split_stages(workload, degrees)
    ends = (0, len(chunks) - 1)
    stages = tuple(
        _stage_program(runs, shares, first=number == ends[0], last=number == ends[1])
        for number, runs in enumerate(chunks)
    )
    micro_batches = math.ceil(math.ceil(job.global_batch / degrees.dp) / shares.sequences)
    slots = degrees.dp * micro_batches * shares.sequences
    return Partition(
        degrees=degrees,
        stages=stages,
        micro_batches=micro_batches,
        fill=job.global_batch / slots,
        sequence_dies=shares.sequence_dies,
        row_shares=_row_shares(workload, shares),
        choices=_choices(workload, shares),
    )


def _row_shares(workload: Workload, shares: Shares) -> str:
    """Whether rows may follow the core yield; `InputError` where that is asked and cannot be.

    One stream group's dies must hold all that hangs on a row: with tp or sp they share it with
    others, another stage would cut the rows elsewhere, and whole sequences move only as a whole.
    """
    wanted, degrees = shares.rules.row_shares, shares.degrees
    if wanted == EVEN:
        return EVEN
    reason = ""
    if degrees.pp * degrees.sp * degrees.tp > 1 or degrees.operators:
        reason = "with pp, sp, tp above 1 or operators' own degrees"
    elif shares.sequence_dies == 1 and degrees.stream > 1:
        layouts = [(block, choose_layouts(block, shares)) for block in workload.blocks]
        if any(
            op.kind == "attention" and modes.get(op.name, ROWS) == ROWS
            for block, modes in layouts
            for op in block.operators
        ):
            reason = "where each die attends to whole sequences"
    if not reason:
        return wanted
    if wanted == FOLLOW:
        raise InputError(f"partitioner.row_shares: found 'yield', allowed: even, auto {reason}")
    return EVEN


def split_stages(workload: Workload, degrees: Degrees) -> list[tuple[Run, ...]]:
    """Blocks of each model chunk: layers as even as whole layers allow, in order.

    What comes before the first layer goes to the first chunk, what follows the last to the last.
    """
    chunks = degrees.pp * degrees.interleave
    room = share_sizes(workload.layers, chunks).tolist()
    found: list[list[Run]] = [[] for _ in range(chunks)]
    here = 0
    for block in workload.blocks:
        if not any(operator.kind == "attention" for operator in block.operators):
            found[here].append((block, block.repeat))
            continue
        left = block.repeat
        while left:
            while room[here] == 0:
                here += 1
            taken = min(left, room[here])
            found[here].append((block, taken))
            room[here] -= taken
            left -= taken
    return [tuple(runs) for runs in found]


def _stage_program(runs: tuple[Run, ...], shares: Shares, first: bool, last: bool) -> StageProgram:
    degrees, job = shares.degrees, shares.job
    weights, gradients, optimizer = _stage_states(runs, degrees, job)
    send = float(shares.norm_rows * shares.hidden * shares.element) if degrees.pp > 1 else 0.0
    gather = _scattered(shares)
    backwards = tuple(
        (
            *(() if last else _received(gather, BACKWARD)),
            *(_backward_segment(block, repeat, shares, end) for block, repeat in reversed(runs)),
        )
        for end in (False, True)
    )
    return StageProgram(
        forward=(
            *(() if first else _received(gather, FORWARD)),
            *(_forward_segment(block, repeat, shares) for block, repeat in runs),
        ),
        backward=backwards[0],
        backward_last=backwards[1],
        optimizer=(optimizer_segment(runs, shares),),
        weight_bytes=weights,
        gradient_bytes=gradients,
        optimizer_bytes=optimizer,
        send_bytes=send / degrees.tp if gather else send,
        send_blocks=not shares.rules.overlap_sends,
    )


def _scattered(shares: Shares) -> float:
    """Bytes that a tensor-parallel group gathers of what it received in parts; 0 where it does not.

    Narayanan et al. 2021 (arXiv:2104.04473), section 4.1: all its members hold the same activation,
    so each sends only its part of it to the next stage.
    """
    degrees, rules = shares.degrees, shares.rules
    if degrees.pp == 1 or degrees.tp == 1 or rules.split_norms or not rules.scatter_gather:
        return 0.0
    return float(shares.norm_rows * shares.hidden * shares.element)


def _received(size: float, pass_: str) -> tuple[Segment, ...]:
    if not size:
        return ()
    phase = Phase(
        "pipeline",
        pass_,
        collective=Collective("all-gather", ("tp",), size),
        role="P",
        tensor="activations" if pass_ == FORWARD else "activation gradients",
    )
    return (Segment("pipeline", pass_, (phase,)),)


def _stage_states(
    runs: tuple[Run, ...], degrees: Degrees, job: TrainingJob
) -> tuple[float, float, float]:
    """Bytes of the states on a die; experts are spread over ep and sharded over the rest."""
    shared = experts = 0.0
    for block, repeat in runs:
        for operator in block.operators:
            if operator.kind == "experts":
                experts += repeat * operator.parameters / degrees.ep
            else:
                shared += repeat * operator.parameters
    of_shared = state_bytes(shared, degrees, job)
    of_experts = state_bytes(experts, degrees, job, degrees.shards // degrees.ep)
    weights, gradients, optimizer = map(sum, zip(of_shared, of_experts, strict=True))
    return weights, gradients, optimizer


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


def _forward_segment(block: Block, repeat: int, shares: Shares) -> Segment:
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
    return [phase for move in moved.get(before, ()) for phase in move.phase(operator, pass_)]


def _backward_segment(block: Block, repeat: int, shares: Shares, last: bool) -> Segment:
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
        collective=Collective("all-to-all", ("ep",), size),
        role="E",
        tensor="routed tokens",
        buffer_bytes=size,
    )
    enters = (operator.role == "column") == (pass_ != BACKWARD)
    return [exchange, *phases] if enters else [*phases, exchange]


def _choices(workload: Workload, shares: Shares) -> tuple[OperatorChoice, ...]:
    return tuple(
        OperatorChoice(
            operator.name,
            replace(operator_shares(block, shares)[operator.name].degrees, operators=()),
            DESCRIPTIONS[choose_layouts(block, shares).get(operator.name, ROWS)],
        )
        for block in workload.blocks
        for operator in block.operators
    )
