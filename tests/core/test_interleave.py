"""1F1B: every turn once, in an order that can run, with the bubble of Narayanan et al."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.errors import InputError
from tempstudio.core.interleave import start_times, turns

shapes = st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(1, 4))


def whole(stages: int, chunks: int, rounds: int) -> int:
    return stages * rounds if chunks > 1 else rounds


@given(shapes)
def test_every_pass_of_every_micro_batch_runs_once(shape: tuple[int, int, int]) -> None:
    stages, chunks, rounds = shape
    micro_batches = whole(stages, chunks, rounds)
    for stage in range(stages):
        order = turns(stage, stages, chunks, micro_batches)
        expected = {
            (forward, chunk, micro)
            for forward in (True, False)
            for chunk in range(chunks)
            for micro in range(micro_batches)
        }
        assert {(t.forward, t.chunk, t.micro_batch) for t in order} == expected
        assert len(order) == len(expected)


@given(shapes, st.floats(0.1, 10), st.floats(0.1, 10))
def test_the_bubble_is_the_published_one(
    shape: tuple[int, int, int], forward: float, backward: float
) -> None:
    """(p - 1) / v of a micro-batch's forward and backward, whatever they take."""
    stages, chunks, rounds = shape
    micro_batches = whole(stages, chunks, rounds)
    orders = [turns(stage, stages, chunks, micro_batches) for stage in range(stages)]
    lengths = [[(forward, backward, backward)] * chunks for _ in range(stages)]
    starts = start_times(orders, lengths)
    ends = [
        start + (forward if turn.forward else backward)
        for order, times in zip(orders, starts, strict=True)
        for turn, start in zip(order, times, strict=True)
    ]
    work = micro_batches * chunks * (forward + backward)
    bubble = (stages - 1) * (forward + backward)
    assert max(ends) == pytest.approx(work + bubble)


@given(shapes)
def test_a_stage_never_does_two_things_at_once(shape: tuple[int, int, int]) -> None:
    stages, chunks, rounds = shape
    micro_batches = whole(stages, chunks, rounds)
    orders = [turns(stage, stages, chunks, micro_batches) for stage in range(stages)]
    starts = start_times(orders, [[(1.0, 2.0, 2.0)] * chunks for _ in range(stages)])
    for order, times in zip(orders, starts, strict=True):
        ends = [s + (1.0 if t.forward else 2.0) for t, s in zip(order, times, strict=True)]
        assert all(b >= a - 1e-9 for a, b in zip(ends, times[1:], strict=False))


def test_interleaving_needs_whole_rounds_of_micro_batches() -> None:
    with pytest.raises(InputError, match="interleave"):
        turns(0, 4, 2, 6)
