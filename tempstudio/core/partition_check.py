"""Partitions held against SPEC: no work lost, no memory from nowhere, no amount that cannot be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain

from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import ROLES, Partition, Phase, Segment, StageProgram
from tempstudio.core.workload import TrainingJob, Workload, step_flop

TOLERANCE = 1e-6  # of sums over many operators
OPS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all")


class PlanFault(RuntimeError):
    """A strategy returned a plan that breaks a rule; the line says which."""


def check_partition(
    partition: Partition, degrees: Degrees, model: Workload | None, job: TrainingJob | None
) -> None:
    """Raise `PlanFault` with one line where a partition breaks a rule.

    With the model and the job it is also held against the work they take, and the bytes that their
    parameters need wherever they lie.
    """
    if partition.degrees != degrees:
        raise PlanFault(f"partition: made for {partition.degrees}, the plan says {degrees}")
    whole = isinstance(partition.micro_batches, int) and partition.micro_batches >= 1
    if not whole or not 0 < partition.fill <= 1 + TOLERANCE:
        raise PlanFault("partition: no micro-batch, or more samples than slots")
    chunks = degrees.pp * degrees.interleave
    if len(partition.stages) != chunks:
        raise PlanFault(f"partition: {len(partition.stages)} programs for {chunks} model chunks")
    stage = degrees.size // degrees.pp
    if not isinstance(partition.replicas, int) or not 1 <= partition.replicas <= stage:
        raise PlanFault(f"partition: {partition.replicas} replicas in stages of {stage} dies")
    for program in partition.stages:
        _check_program(program, stage / partition.replicas)
    if job is not None:
        _check_samples(partition, job)
    if job is not None and model is not None:
        _check_work(partition, model, job)
        _check_states(partition, model, job)


def passes(program: StageProgram) -> Iterator[Segment]:
    """All segments of a program."""
    return chain(program.forward, program.backward, program.backward_last, program.optimizer)


def _check_program(program: StageProgram, dies: float) -> None:
    """A program whose works are those of so many dies."""
    states = (program.weight_bytes, program.gradient_bytes, program.optimizer_bytes)
    _check_amounts("partition: model states", (*states, program.send_bytes))
    for segment in passes(program):
        where = f"partition: {segment.name} {segment.pass_}"
        if not isinstance(segment.repeat, int) or segment.repeat < 1:
            raise PlanFault(f"{where}: repeated {segment.repeat} times")
        _check_amounts(where, (abs(segment.saved_bytes), segment.transient_bytes))
        for phase in (*segment.phases, *segment.background):
            _check_phase(f"{where}: {phase.operator}", phase, dies)
    kept = _saved(program.forward)
    for backward in (program.backward, program.backward_last):
        left = kept + _saved(backward)
        if abs(left) > max(1.0, TOLERANCE * kept):
            raise PlanFault(
                f"partition: the forward keeps {kept:.6g} bytes and the backward frees "
                f"{-_saved(backward):.6g}"
            )


def _saved(segments: Iterable[Segment]) -> float:
    return sum(segment.repeat * segment.saved_bytes for segment in segments)


def _check_phase(where: str, phase: Phase, dies: float) -> None:
    work = phase.work
    amounts = [work.flop, work.flop_total, work.hbm_bytes, work.hbm_bytes_total, work.output_bytes]
    amounts += [phase.buffer_bytes, *work.tile_shape]
    if phase.stream is not None:
        stream = phase.stream
        amounts += [*stream.chunk_bytes, stream.resident_bytes, stream.reread_bytes]
        if not stream.chunk_bytes:
            raise PlanFault(f"{where}: a stream of no chunks")
    if phase.collective is not None:
        amounts.append(phase.collective.bytes)
        if phase.collective.op not in OPS:
            found = repr(phase.collective.op)[:40]
            raise PlanFault(f"{where}: collective {found}, allowed: {', '.join(OPS)}")
    _check_amounts(where, amounts)
    if work.products < 1 or phase.role not in ("", *ROLES):
        raise PlanFault(f"{where}: {work.products} products, role {phase.role!r:.20}")
    for name, largest, total in (
        ("FLOP", work.flop, work.flop_total),
        ("bytes of memory traffic", work.hbm_bytes, work.hbm_bytes_total),
    ):
        if largest * dies < total * (1 - TOLERANCE):
            raise PlanFault(
                f"{where}: the largest share of {dies:g} dies is {largest:.6g} of {total:.6g} "
                f"{name}, less than the mean"
            )


def _check_amounts(where: str, amounts: Iterable[float]) -> None:
    for amount in amounts:
        if not math.isfinite(amount) or amount < 0:
            raise PlanFault(f"{where}: an amount is {amount}")


def _check_samples(partition: Partition, job: TrainingJob) -> None:
    slots = partition.micro_batches * job.micro_batch * partition.degrees.dp
    if slots < job.global_batch:
        raise PlanFault(
            f"partition: {partition.micro_batches} micro-batches of {job.micro_batch} on "
            f"{partition.degrees.dp} replicas hold {slots} of {job.global_batch} samples"
        )


def _check_work(partition: Partition, model: Workload, job: TrainingJob) -> None:
    """Every product of the model is computed once forward and twice backward."""
    needed = step_flop(model, job)
    for name, share in (("forward", 1.0), ("backward", 2.0), ("backward_last", 2.0)):
        done = (
            partition.micro_batches
            * partition.replicas
            * sum(
                segment.repeat * sum(phase.work.flop_total for phase in segment.phases)
                for program in partition.stages
                for segment in getattr(program, name)
            )
        )
        if done < share * needed * (1 - TOLERANCE):
            words = name.replace("_", ", ")
            raise PlanFault(f"partition: {words} computes {done:.6g} of {share * needed:.6g} FLOP")


def _check_states(partition: Partition, model: Workload, job: TrainingJob) -> None:
    """However they are sharded, all dies together hold every parameter's states at least once."""
    dies = partition.degrees.size // partition.degrees.pp
    for kind in ("weight", "gradient", "optimizer"):
        held = dies * sum(getattr(program, f"{kind}_bytes") for program in partition.stages)
        needed = model.parameters * getattr(job, f"{kind}_bytes")
        if held < needed * (1 - TOLERANCE):
            raise PlanFault(
                f"partition: all dies together hold {held:.6g} of the {needed:.6g} bytes of "
                f"{kind} states"
            )
