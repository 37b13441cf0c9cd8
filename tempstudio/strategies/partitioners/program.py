"""From a model and degrees to the programs of all pipeline stages."""

from __future__ import annotations

import math
from functools import lru_cache

from tempstudio.core.machine import Machine
from tempstudio.core.parallel import Degrees
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
from tempstudio.core.row_shares import ROWS as OWN_ROWS
from tempstudio.core.workload import TrainingJob, Workload
from tempstudio.strategies.partitioners.cut_model import (
    CutModel,
    Runs,
    Sharding,
    bare_job,
    cut_model,
    sharding_of,
    split_stages,
)
from tempstudio.strategies.partitioners.shares import Rules, Shares


def build_partition(
    workload: Workload, machine: Machine, job: TrainingJob, degrees: Degrees, rules: Rules
) -> Partition:
    """The programs of all stages; `InputError` where the degrees are not legal.

    Those of degrees and jobs that differ in little share most of their phases, as the same objects.
    """
    bare = bare_job(job)
    sharding = sharding_of(workload, machine, bare, degrees, rules, job.global_batch)
    of_replica = math.ceil(job.global_batch / degrees.dp)
    sequences = min(job.micro_batch, of_replica)
    cut = cut_model(workload, bare, sharding.replica, rules, sequences)
    chunks = split_stages(workload, degrees.pp * degrees.interleave)
    last = len(chunks) - 1
    stages = tuple(
        _stage_program(runs, cut, sharding, job.recompute, first=number == 0, last=number == last)
        for number, runs in enumerate(chunks)
    )
    micro_batches = math.ceil(of_replica / sequences)
    slots = degrees.dp * micro_batches * sequences
    return Partition(
        degrees=degrees,
        stages=stages,
        micro_batches=micro_batches,
        fill=job.global_batch / slots,
        sequence_dies=cut.shares.sequence_dies,
        row_shares=cut.row_shares,
        choices=cut.choices(sharding.shares.degrees),
        replicas=degrees.dp,
    )


def _stage_program(
    runs: Runs, cut: CutModel, sharding: Sharding, recompute: str, first: bool, last: bool
) -> StageProgram:
    degrees, shares = sharding.shares.degrees, cut.shares
    passes = cut.passes(runs, recompute, sharding)
    optimizer, (weights, gradients, states) = sharding.ends(runs)
    send = gather = 0.0
    if degrees.pp > 1:
        send = float(shares.norm_rows * shares.hidden * shares.element)
        gather = _scattered(shares)
    before = () if first else _received(gather, FORWARD)
    behind = () if last else _received(gather, BACKWARD)
    return StageProgram(
        forward=(*before, *passes.forward) if before else passes.forward,
        backward=(*behind, *passes.backward) if behind else passes.backward,
        backward_last=(*behind, *passes.backward_last) if behind else passes.backward_last,
        optimizer=(optimizer,),
        weight_bytes=weights,
        gradient_bytes=gradients,
        optimizer_bytes=states,
        send_bytes=send / degrees.tp if gather else send,
        send_blocks=not shares.rules.overlap_sends,
    )


def _scattered(shares: Shares) -> float:
    """Bytes that a tensor-parallel group gathers of what a stage sent it in parts, 0 for none.

    Narayanan et al. 2021 (arXiv:2104.04473), section 4.1: all its members hold the same activation,
    so each sends only its part of it to the next stage.
    """
    degrees, rules = shares.degrees, shares.rules
    if degrees.tp == 1 or rules.split_norms or not rules.scatter_gather:
        return 0.0
    return float(shares.norm_rows * shares.hidden * shares.element)


@lru_cache(maxsize=1024)
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
