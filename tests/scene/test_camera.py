"""Zoom and pan: what is under the pointer stays there, and the machine cannot get lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.machine import Cluster, Machine, Wafer
from tempstudio.scene.camera import fitted, panned, showing, zoomed
from tempstudio.scene.wafer import Ground, View, lay_ground

SIZE = (900.0, 640.0)
machines = st.one_of(
    st.builds(Wafer, rows=st.integers(1, 30), cols=st.integers(1, 30), wafers=st.integers(1, 2)),
    st.builds(Cluster, nodes=st.integers(1, 6)),
)
points = st.tuples(st.floats(0, 900), st.floats(0, 640))


def look(machine: Machine, view: View) -> Ground:
    return lay_ground(machine, *SIZE, view)


def share(ground: Ground, x: float, y: float) -> tuple[float, float]:
    left, top, width, height = ground.layout.content
    return (x - left) / width, (y - top) / height


@given(machines, st.floats(1.05, 3.0), st.floats(0.3, 0.7), st.floats(0.3, 0.7))
def test_zooming_about_a_point_on_the_machine_keeps_it(
    machine: Machine, factor: float, across: float, down: float
) -> None:
    before = look(machine, View())
    left, top, width, height = before.layout.content
    x, y = left + across * width, top + down * height
    after = look(machine, zoomed(before, factor, x, y))
    now = share(after, x, y)
    # The bound on panning may move it by what it is past the edge, rounding by a pixel.
    free = [60 + abs(s - r) / 2 for s, r in zip(
        after.layout.content[2:], after.layout.canvas[2:], strict=True)]  # fmt: skip
    if all(abs(pan) < limit - 1 for pan, limit in zip(after.view.pan, free, strict=True)):
        assert abs(now[0] - across) * after.layout.content[2] < 2.5
        assert abs(now[1] - down) * after.layout.content[3] < 2.5


@given(machines, st.lists(st.tuples(st.floats(0.3, 3.0), points), max_size=6))
def test_zoom_never_goes_below_the_fit_and_comes_back_to_it(
    machine: Machine, steps: list[tuple[float, tuple[float, float]]]
) -> None:
    ground = look(machine, View())
    whole = ground.layout.content
    for factor, (x, y) in steps:
        ground = look(machine, zoomed(ground, factor, x, y))
        assert ground.view.zoom >= 1.0
    assert look(machine, fitted(ground)).layout.content == whole


@given(
    machines, st.floats(1.0, 8.0),
    st.lists(st.tuples(st.floats(-900, 900), st.floats(-900, 900)), max_size=5),
)  # fmt: skip
def test_the_machine_never_leaves_the_canvas(
    machine: Machine, factor: float, moves: list[tuple[float, float]]
) -> None:
    ground = look(machine, View())
    ground = look(machine, zoomed(ground, factor, 400, 300))
    for move in moves:
        ground = look(machine, panned(ground, *move))
        left, top, width, height = ground.layout.content
        x, y, wide, tall = ground.layout.canvas
        assert left < x + wide and left + width > x
        assert top < y + tall and top + height > y


@given(machines, st.floats(1.0, 12.0), st.data())
def test_a_die_that_is_asked_for_comes_into_sight(
    machine: Machine, factor: float, data: st.DataObject
) -> None:
    die = data.draw(st.integers(0, machine.die_count - 1))
    ground = look(machine, zoomed(look(machine, View()), factor, 450, 300))
    ground = look(machine, showing(ground, die))
    left, top, size, _ = ground.layout.die_xywh[die]
    x, y, wide, tall = ground.layout.canvas
    assert left >= x - 1.5 and left + size <= x + wide + 1.5
    assert top >= y - 1.5 and top + size <= y + tall + 1.5
