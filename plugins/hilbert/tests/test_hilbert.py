"""The curve visits every die by steps to a neighbour; the mapper obeys TempStudio's rules."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tempstudio_hilbert.curve import hilbert
from tempstudio_hilbert.mapper import HilbertMapper

import tempstudio as ts
from tempstudio import conformance


@pytest.mark.parametrize("rows", range(1, 14))
@pytest.mark.parametrize("cols", range(1, 14))
def test_every_die_once_and_every_step_to_a_neighbour(rows: int, cols: int) -> None:
    curve = hilbert(rows, cols)
    assert sorted(curve) == [(row, col) for row in range(rows) for col in range(cols)]
    assert all(abs(r - s) + abs(c - d) == 1 for (r, c), (s, d) in pairwise(curve))


def test_runs_are_compact() -> None:
    """A run of 16 on 16 x 16 fills a 4 x 4 block, where a row would be 15 links long."""
    curve = hilbert(16, 16)
    for start in range(0, 256, 16):
        rows, cols = zip(*curve[start : start + 16], strict=True)
        assert max(rows) - min(rows) == max(cols) - min(cols) == 3


@pytest.mark.parametrize("check", conformance.checks("mapper"), ids=str)
def test_conformance(check: conformance.Check) -> None:
    check(HilbertMapper())


def test_a_corner_decides_where_rank_0_lies() -> None:
    run = ts.run(
        ts.Project(
            machine=ts.Wafer(rows=4, cols=4),
            model=conformance.small_model(),
            job=conformance.SMALL_JOB,
            mapper=ts.StrategyChoice("hilbert", options={"corner": "bottom-right"}),
            degrees=ts.Degrees(dp=4),
        )
    )
    assert run.plan.mapping.placement[0] == 15
    assert run.made_by[1].plugin == "tempstudio-hilbert"
