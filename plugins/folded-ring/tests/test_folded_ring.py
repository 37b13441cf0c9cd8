"""What the ring moves and how far, and that both strategies obey TempStudio's rules."""

from __future__ import annotations

import pytest
from tempstudio_folded_ring.mapper import FoldedLine, folded
from tempstudio_folded_ring.partitioner import FoldedRing

import tempstudio as ts
from tempstudio import conformance

LINE = ts.Wafer(rows=1, cols=8)


def planned(partitioner: str, mapper: str, degrees: ts.Degrees, **options: object) -> ts.Run:
    return ts.run(
        ts.Project(
            machine=LINE,
            model=conformance.small_model(),
            job=conformance.SMALL_JOB,
            partitioner=ts.StrategyChoice(partitioner),
            mapper=ts.StrategyChoice(mapper, options=options),
            degrees=degrees,
        )
    )


@pytest.mark.parametrize("check", conformance.checks("partitioner"), ids=str)
def test_the_partitioner_conforms(check: conformance.Check) -> None:
    check(FoldedRing())


@pytest.mark.parametrize("check", conformance.checks("mapper"), ids=str)
def test_the_mapper_conforms(check: conformance.Check) -> None:
    check(FoldedLine())


@pytest.mark.parametrize("members", range(1, 33))
def test_no_step_of_a_folded_ring_is_longer_than_two(members: int) -> None:
    order = folded(members)
    assert sorted(order) == list(range(members))
    steps = zip(order, [*order[1:], order[0]], strict=True)
    assert max(abs(a - b) for a, b in steps) <= 2


def test_folding_shortens_the_way_of_every_ring() -> None:
    ring = ts.Degrees(sp=8)
    flat = planned("folded-ring", "folded-line", ring, fold=False)
    fold = planned("folded-ring", "folded-line", ring)
    assert fold.score.exposed_s < flat.score.exposed_s
    assert fold.score.compute_s == pytest.approx(flat.score.compute_s)


def test_it_computes_what_tensor_streaming_computes() -> None:
    """The same products on the same shares; half chunks both ways are smaller tiles, no more."""
    fold = planned("folded-ring", "folded-line", ts.Degrees(sp=8))
    relay = planned("tspp", "sequential", ts.Degrees(stream=8))
    assert fold.score.compute_s == pytest.approx(relay.score.compute_s, rel=0.05)
    states = ("weights", "gradients", "optimizer")
    assert [fold.score.memory.by_kind[kind] for kind in states] == pytest.approx(
        [relay.score.memory.by_kind[kind] for kind in states]
    )


def test_the_stream_axis_is_refused_in_one_line() -> None:
    with pytest.raises(ts.InputError, match="stream: found 4, folded-ring allows 1"):
        planned("folded-ring", "folded-line", ts.Degrees(stream=4))
