"""Activations against Korthikanti et al. 2022, and model states against Rajbhandari et al. 2020."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import gpt, llama

from tempstudio.core.memory import activation_bytes, division, score_bytes, state_bytes
from tempstudio.core.parallel import Degrees
from tempstudio.core.workload import TrainingJob

sizes = st.tuples(
    st.sampled_from([64, 256, 1024, 6144]),  # head width x heads stays whole
    st.sampled_from([1, 2, 4, 8]),
    st.integers(1, 8),
    st.sampled_from([128, 2048, 4096]),
    st.sampled_from([1, 2, 4, 8]),
)


def layer_of(hidden: int, heads: int):
    return gpt(hidden, heads, layers=2).blocks[1]


@given(sizes)
def test_a_gpt_layer_keeps_what_korthikanti_table_2_says(
    size: tuple[int, int, int, int, int],
) -> None:
    hidden, heads, batch, seq, tp = size
    block = layer_of(hidden, heads)
    job = TrainingJob(seq_len=seq, micro_batch=batch)
    sbh = seq * batch * hidden
    scores = 5 * heads * seq / hidden

    def kept(degrees: Degrees, split: bool, job: TrainingJob = job) -> float:
        return activation_bytes(block, seq * batch, job, division(degrees, split), hidden)

    assert kept(Degrees(), False) == pytest.approx(sbh * (34 + scores), rel=1e-9)
    undivided = sbh * (10 + 24 / tp + scores / tp)
    assert kept(Degrees(tp=tp), False) == pytest.approx(undivided, rel=1e-9)
    assert kept(Degrees(tp=tp), True) == pytest.approx(sbh * (34 + scores) / tp, rel=1e-9)
    selective = replace(job, recompute="selective")
    assert kept(Degrees(tp=tp), False, selective) == pytest.approx(sbh * (10 + 24 / tp), rel=1e-9)
    assert kept(Degrees(tp=tp), True, selective) == pytest.approx(34 * sbh / tp, rel=1e-9)


@given(sizes, st.sampled_from([2, 4, 8]))
def test_streaming_divides_everything(size: tuple[int, int, int, int, int], stream: int) -> None:
    hidden, heads, batch, seq, tp = size
    block, job = layer_of(hidden, heads), TrainingJob(seq_len=seq, micro_batch=batch)
    whole = activation_bytes(block, seq * batch, job, division(Degrees(tp=tp), True), hidden)
    cut = division(Degrees(tp=tp, stream=stream), True)
    assert activation_bytes(block, seq * batch, job, cut, hidden) == pytest.approx(whole / stream)


def test_flash_attention_keeps_no_scores() -> None:
    block = layer_of(1024, 8)
    job = TrainingJob(flash_attention=True)
    bytes_ = activation_bytes(block, 2048, job, division(Degrees(), False), 1024)
    assert bytes_ == pytest.approx(34 * 2048 * 1024)
    core = next(op for op in block.operators if op.kind == "attention")
    assert score_bytes(core, 2048, job, division(Degrees(), False)) == 0.0


def test_a_gated_grouped_layer_from_first_principles() -> None:
    """Norms in and out 8 h, QKV 2 (h + 2 kv), attention out 2 h, gate-up 4 f, down 2 f."""
    model = llama(hidden=512, heads=8, kv_heads=4, inner=1408)
    job = TrainingJob(flash_attention=True, seq_len=1024)
    kept = activation_bytes(model.blocks[1], 1024, job, division(Degrees(), True), 512)
    key_values = 2 * 4 * 64
    per_token = 4 * 2 * 512 + 2 * (512 + key_values) + 2 * 512 + 4 * 1408 + 2 * 1408
    assert kept == pytest.approx(1024 * per_token)


@given(
    st.floats(1e6, 1e12),
    st.integers(1, 64),
    st.integers(1, 4),
    st.integers(1, 8),
    st.integers(1, 16),
    st.integers(0, 3),
)
def test_states_follow_the_zero_levels(
    parameters: float, dp: int, sp: int, tp: int, stream: int, zero: int
) -> None:
    degrees = Degrees(dp=dp, sp=sp, tp=tp, stream=stream, zero=zero)
    own = parameters / (tp * stream)
    shards = dp * sp
    expected = [
        2 * own / (shards if zero >= 3 else 1),
        2 * own / (shards if zero >= 2 else 1),
        12 * own / (shards if zero >= 1 else 1),
    ]
    assert state_bytes(parameters, degrees, TrainingJob()) == pytest.approx(expected)


def test_zero_table_of_rajbhandari() -> None:
    """7.5B parameters over 64 devices: 120, 31.4, 16.6 and 1.9 GB."""
    totals = [
        sum(state_bytes(7.5e9, Degrees(dp=64, zero=zero), TrainingJob())) / 1e9 for zero in range(4)
    ]
    assert totals == pytest.approx([120, 31.406, 16.641, 1.875], rel=1e-4)
