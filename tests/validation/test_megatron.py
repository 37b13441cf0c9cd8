"""What Megatron's software does on a cluster: hidden collectives, scattered hand-overs, ZeRO-3."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import BACKWARD, Phase
from tempstudio.core.workload import TrainingJob
from tempstudio.validation.gpt import LAYERS, gpt, partition
from tempstudio.validation.training import Training, run_training, train

MODEL = gpt(4, 2048, 16, 1024)
JOB = TrainingJob(global_batch=8, micro_batch=1, seq_len=1024)


def backward_of(partitioner: str, hide: bool, degrees: Degrees) -> tuple[Phase, ...]:
    made = partition(MODEL, JOB, degrees, partitioner, (("hide_tensor", hide),))
    return next(s.phases for s in made.stages[0].backward if s.name == LAYERS)


@pytest.mark.parametrize("partitioner", ["megatron1", "megatron3"])
def test_hiding_moves_collectives_beside_products_and_loses_neither(partitioner: str) -> None:
    degrees = Degrees(tp=4)
    shown, hidden = (backward_of(partitioner, hide, degrees) for hide in (False, True))
    for phases in (shown, hidden):
        assert sum(p.work.flop for p in phases) == sum(p.work.flop for p in shown)
        moved = [p.collective for p in phases if p.collective is not None]
        assert sorted(c.op for c in moved) == sorted(
            p.collective.op for p in shown if p.collective is not None
        )
    assert not any(phase.hidden for phase in shown)
    beside = [phase for phase in hidden if phase.hidden]
    assert {phase.operator for phase in beside} == {"attention.qkv", "mlp.up"}
    assert all(phase.work.flop > 0 and phase.collective is not None for phase in beside)


def test_split_norms_gather_the_input_again() -> None:
    """Korthikanti et al. 2022, 4.2.2: only its own rows were kept of a column operator's input."""
    phases = backward_of("megatron3", False, Degrees(tp=4))
    gathers = [
        phase.operator
        for phase in phases
        if phase.collective is not None and phase.collective.op == "all-gather"
    ]
    assert sorted(gathers) == ["attention.output", "attention.qkv", "mlp.down", "mlp.up"]


def test_scattering_sends_each_activation_once_and_gathers_it_in_the_node() -> None:
    degrees = Degrees(pp=2, tp=4)
    whole, scattered = (
        partition(MODEL, JOB, degrees, "megatron1", (("scatter_gather", on),))
        for on in (False, True)
    )
    assert whole.stages[0].send_bytes == 4 * scattered.stages[0].send_bytes
    received = scattered.stages[1].forward[0]
    assert received.name == "pipeline"
    gather = received.phases[0].collective
    assert gather is not None
    assert (gather.op, gather.axes) == ("all-gather", ("tp",))
    assert gather.bytes == whole.stages[0].send_bytes
    assert whole.stages[1].forward[0].name == LAYERS
    # What a send saves shows where computing waits for it.
    blocking = ("overlap_sends", False)
    training = Training("A100", 16, MODEL, JOB, Degrees(pp=2, tp=8), options=(blocking,))
    slow = replace(training, options=(blocking, ("scatter_gather", False)))
    assert train(training).score.step_time_s < train(slow).score.step_time_s


def test_late_gradients_are_the_same_bytes_after_the_backward() -> None:
    training = Training("A100", 16, MODEL, JOB, Degrees(dp=4, tp=4))
    late = replace(training, options=(("hide_gradients", False),))
    beside, after = run_training(training), run_training(late)
    assert after.timeline.step_link_bytes.sum() == pytest.approx(
        beside.timeline.step_link_bytes.sum(), rel=1e-9
    )
    assert after.score.optimizer_s > beside.score.optimizer_s
    assert after.score.step_time_s >= beside.score.step_time_s


def test_full_recomputation_gathers_weights_a_third_time() -> None:
    def gathered(recompute: str) -> float:
        job = replace(JOB, recompute=recompute)
        program = partition(MODEL, job, Degrees(dp=8, zero=3), "megatron1").stages[0]
        return sum(
            segment.repeat * phase.collective.bytes
            for segment in (*program.forward, *program.backward)
            for phase in segment.background
            if phase.collective is not None and phase.collective.op == "all-gather"
            if segment.name == LAYERS
        )

    layers = sum(
        block.repeat * operator.parameters * JOB.bytes_per_element
        for block in MODEL.blocks
        if block.name == LAYERS
        for operator in block.operators
    )
    assert gathered("none") == pytest.approx(2 * layers)
    assert gathered("full") == pytest.approx(3 * layers)


def test_one_flat_ring_is_slower_than_node_by_node() -> None:
    job = replace(JOB, global_batch=64)
    training = Training("A100", 64, MODEL, job, Degrees(dp=64, zero=3), "fsdp")
    ring = replace(training, options=(("collectives", "ring"),))
    best, flat = train(training).score, train(ring).score
    assert flat.step_time_s > best.step_time_s
    # Every byte of the flat ring that leaves a node leaves it through one adapter.
    size = 2.0 * MODEL.parameters
    assert flat.step_time_s > 2 * (63 / 64) * size / 24e9


def test_attention_reads_and_writes_its_scores_between_kernels() -> None:
    degrees = Degrees(tp=4)
    forward = partition(MODEL, JOB, degrees, "megatron1").stages[0].forward
    kernels = [
        phase
        for segment in forward
        if segment.name == LAYERS
        for phase in segment.phases
        if phase.operator == "attention.core"
    ]
    scores = 16 / 4 * 1024 * 1024
    features = 1024 * 2048 / 4 * 2
    products = 2 * 2 * features  # queries and keys in, values in and context out
    softmax_and_dropout = scores * (2 + 2 + 2 + 2 + 1)
    moved = scores * (2 + 2) + softmax_and_dropout + products
    assert sum(phase.work.hbm_bytes for phase in kernels) == pytest.approx(moved)
    flash = replace(JOB, flash_attention=True)
    one = partition(MODEL, flash, degrees, "megatron1").stages[0].forward
    (kernel,) = (
        phase
        for segment in one
        if segment.name == LAYERS
        for phase in segment.phases
        if phase.operator == "attention.core"
    )
    assert kernel.work.flop == sum(phase.work.flop for phase in kernels)
    assert kernel.work.hbm_bytes == pytest.approx(products)


def test_backward_flop_is_twice_the_forward_and_each_gradient_has_its_shape() -> None:
    phases = backward_of("megatron1", False, Degrees(tp=4))
    up = [phase.work for phase in phases if phase.operator == "mlp.up" and phase.work.flop]
    rows, hidden, inner = 1024, 2048, 8192 // 4
    assert [work.tile_shape for work in up] == [(rows, inner, hidden), (hidden, rows, inner)]
    assert sum(work.flop for work in up) == 2 * 2.0 * rows * hidden * inner
    weights = hidden * inner
    assert up[1].output_bytes == 2 * JOB.gradient_bytes * weights
    assert all(phase.pass_ == BACKWARD for phase in phases)
