"""From a model and degrees to the programs of all pipeline stages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Machine
from tempstudio.core.memory import state_bytes
from tempstudio.core.parallel import Degrees, share_sizes
from tempstudio.core.partition import (
    BACKWARD,
    FORWARD,
    Collective,
    Partition,
    Phase,
    Segment,
    StageProgram,
    Work,
)
from tempstudio.core.row_shares import EVEN, FOLLOW
from tempstudio.core.row_shares import ROWS as OWN_ROWS
from tempstudio.core.workload import Block, TrainingJob, Workload
from tempstudio.strategies.partitioners.layouts import choose_layouts
from tempstudio.strategies.partitioners.passes import BlockPasses, block_passes
from tempstudio.strategies.partitioners.redistribution import ROWS
from tempstudio.strategies.partitioners.sharding import optimizer_segment
from tempstudio.strategies.partitioners.shares import (
    Rules,
    Shares,
    check_degrees,
    make_shares,
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
    passes = {block: block_passes(block, shares) for block in workload.blocks}
    stages = tuple(
        _stage_program(runs, passes, shares, first=number == ends[0], last=number == ends[1])
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
        choices=tuple(choice for block in passes.values() for choice in block.choices),
    )


def _row_shares(workload: Workload, shares: Shares) -> str:
    """Whether rows may follow the core yield; `InputError` where that is asked and cannot be.

    Operators with degrees of their own would cut the rows elsewhere, and whole sequences move only
    as a whole.
    """
    wanted, degrees = shares.rules.row_shares, shares.degrees
    if wanted == EVEN:
        return EVEN
    reason = ""
    if degrees.operators:
        reason = "where operators have degrees of their own"
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


def _stage_program(
    runs: tuple[Run, ...],
    passes: Mapping[Block, BlockPasses],
    shares: Shares,
    first: bool,
    last: bool,
) -> StageProgram:
    degrees, job = shares.degrees, shares.job
    weights, gradients, optimizer = _stage_states(runs, degrees, job)
    send = float(shares.norm_rows * shares.hidden * shares.element) if degrees.pp > 1 else 0.0
    gather = _scattered(shares)
    before = () if first else _received(gather, FORWARD)
    behind = () if last else _received(gather, BACKWARD)
    back = runs[::-1]
    return StageProgram(
        forward=(*before, *(replace(passes[b].forward, repeat=n) for b, n in runs)),
        backward=(*behind, *(replace(passes[b].backward, repeat=n) for b, n in back)),
        backward_last=(*behind, *(replace(passes[b].backward_last, repeat=n) for b, n in back)),
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
        Work(share=OWN_ROWS),
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
