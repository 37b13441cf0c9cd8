"""Places on the wafer: nothing overlaps, areas add up, the budget is kept or told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tempstudio as ts
from tempstudio.core.floorplan import WaferArea, floorplan, place_m2, stacks_per_die

wafers = st.builds(
    lambda rows, cols, hbm: ts.Wafer(rows=rows, cols=cols, die=ts.Die(hbm_bytes=hbm * 1e9)),
    st.integers(1, 12), st.integers(1, 12), st.floats(1, 400),
)  # fmt: skip


def test_the_default_wafer_fits_its_budget_and_96_gb_do_not() -> None:
    wafer = ts.Wafer()
    assert floorplan(wafer).used_m2 == pytest.approx(48 * 830e-6)
    assert not floorplan(wafer).is_over
    more = replace(wafer, die=replace(wafer.die, hbm_bytes=96e9))
    assert stacks_per_die(more) == 4
    assert floorplan(more).is_over


@given(wafers)
def test_a_place_holds_its_die_and_its_memory_exactly(wafer: ts.Wafer) -> None:
    plan = floorplan(wafer)
    areas = {
        name: np.prod(getattr(plan, name)[:, 2:], axis=1) for name in ("places", "dies", "stacks")
    }
    assert areas["places"] == pytest.approx(place_m2(wafer))
    assert areas["dies"] == pytest.approx(wafer.area.die_m2)
    assert areas["stacks"].sum() == pytest.approx(
        wafer.die_count * stacks_per_die(wafer) * wafer.area.stack_m2
    )


@given(wafers)
def test_nothing_overlaps(wafer: ts.Wafer) -> None:
    plan = floorplan(wafer)
    boxes = np.vstack([plan.dies, plan.stacks])
    low, high = boxes[:, None, :2], boxes[:, None, :2] + boxes[:, None, 2:]
    inside = np.minimum(high, high.swapaxes(0, 1)) - np.maximum(low, low.swapaxes(0, 1))
    shared = np.prod(np.clip(inside, 0, None), axis=2)
    np.fill_diagonal(shared, 0.0)
    assert shared.max(initial=0.0) < 1e-12


def test_a_run_does_not_depend_on_areas() -> None:
    project = ts.Project(machine=ts.Wafer(), model=ts.load_model("qwen2-0.5b"))
    other = replace(project, machine=replace(project.machine, area=WaferArea(die_m2=600e-6)))
    assert other != project
    assert other.fingerprint == project.fingerprint
