"""Where things lie, and that what lies under a point is what was drawn there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.machine import Cluster, Machine, Wafer
from tempstudio.core.topology import topology_of
from tempstudio.scene.fitting import AXIS_PX, canvas_of, lay_out
from tempstudio.scene.layout import CARD, CARD_PX, IMAGE, SQUARE, SQUARE_PX, Layout

wafers = st.builds(
    Wafer, rows=st.integers(1, 14), cols=st.integers(1, 14), wafers=st.integers(1, 3)
)
clusters = st.builds(Cluster, nodes=st.integers(1, 6), devices_per_node=st.integers(1, 12))
machines = st.one_of(wafers, clusters)
sizes = st.tuples(st.integers(300, 2000), st.integers(250, 1400))
zooms = st.floats(1.0, 20.0)
pans = st.tuples(st.floats(-400, 400), st.floats(-400, 400))
ratios = st.sampled_from([1.0, 1.25, 1.5, 2.0])


def layout_of(
    machine: Machine,
    size: tuple[int, int],
    zoom: float = 1.0,
    pan: tuple[float, float] = (0.0, 0.0),
    dpr: float = 1.0,
) -> Layout:
    return lay_out(machine, canvas_of(machine, *size, 46, 28), zoom, pan, dpr)


@given(machines, sizes, zooms, pans, st.data())
def test_a_point_inside_a_die_hits_it(
    machine: Machine,
    size: tuple[int, int],
    zoom: float,
    pan: tuple[float, float],
    data: st.DataObject,
) -> None:
    layout = layout_of(machine, size, zoom, pan)
    die = data.draw(st.integers(0, machine.die_count - 1))
    x, y, width, height = layout.die_xywh[die].tolist()
    across, down = data.draw(st.tuples(*[st.floats(0.02, 0.98)] * 2))
    assert layout.die_at(x + across * width, y + down * height) == die
    assert layout.link_at(x + across * width, y + down * height) is None


@given(machines, sizes, zooms, st.data())
def test_a_point_on_a_lane_hits_that_directed_link(
    machine: Machine, size: tuple[int, int], zoom: float, data: st.DataObject
) -> None:
    topology = topology_of(machine)
    if not topology.links:
        return
    layout = layout_of(machine, size, zoom)
    link = data.draw(st.integers(0, topology.links - 1))
    ends = layout.lane_ends(topology.source[[link]], topology.target[[link]])[0]
    share = data.draw(st.floats(0.1, 0.9))
    x, y = (ends[:2] + share * (ends[2:] - ends[:2])).tolist()
    assert layout.die_at(x, y) is None
    assert layout.link_at(x, y) == (int(topology.source[link]), int(topology.target[link]))


@given(machines, sizes, zooms, pans, st.tuples(st.floats(-100, 2100), st.floats(-100, 1500)))
def test_a_hit_lies_where_it_says(
    machine: Machine,
    size: tuple[int, int],
    zoom: float,
    pan: tuple[float, float],
    point: tuple[float, float],
) -> None:
    layout = layout_of(machine, size, zoom, pan)
    die, link = layout.die_at(*point), layout.link_at(*point)
    assert die is None or link is None
    if die is not None:
        x, y, width, height = layout.die_xywh[die]
        assert x <= point[0] <= x + width and y <= point[1] <= y + height
    if link is not None and isinstance(machine, Wafer):
        assert machine.neighbours(*(machine.coordinate(end) for end in link))


@given(machines, sizes, ratios)
def test_the_fitted_machine_lies_inside_its_canvas(
    machine: Machine, size: tuple[int, int], dpr: float
) -> None:
    layout = layout_of(machine, size, dpr=dpr)
    x, y, width, height = layout.content
    left, top, wide, tall = layout.canvas
    # Outlines of a few pixels may reach into the margin where dies are tiny.
    slack = 16.0
    assert x >= left - slack and y >= top - slack
    assert x + width <= left + wide + slack and y + height <= top + tall + slack


@given(machines, sizes, ratios)
def test_dies_do_not_overlap_and_the_gap_is_a_third(
    machine: Machine, size: tuple[int, int], dpr: float
) -> None:
    layout = layout_of(machine, size, dpr=dpr)
    for edges in (layout.col_x, layout.row_y):
        assert (np.diff(edges) >= layout.die_px + layout.gap_px - 1e-9).all()
    assert abs(layout.gap_px - layout.die_px / 3) <= 1.0 / dpr + 1e-9


@given(wafers, sizes, ratios)
def test_edges_lie_on_device_pixels(machine: Wafer, size: tuple[int, int], dpr: float) -> None:
    layout = layout_of(machine, size, dpr=dpr)
    if (layout.die_px + layout.gap_px) * dpr < 4:
        return
    for edges in (layout.col_x, layout.row_y):
        assert np.allclose(edges * dpr, np.rint(edges * dpr), atol=1e-6)
    assert np.isclose(layout.die_px * dpr, round(layout.die_px * dpr), atol=1e-6)


@given(machines, sizes)
def test_opposite_lanes_of_a_link_are_apart_and_of_one_length(
    machine: Machine, size: tuple[int, int]
) -> None:
    topology = topology_of(machine)
    layout = layout_of(machine, size)
    there = layout.lane_ends(topology.source, topology.target)
    back = layout.lane_ends(topology.target, topology.source)
    length = np.hypot(*(there[:, 2:] - there[:, :2]).T)
    assert np.allclose(length, np.hypot(*(back[:, 2:] - back[:, :2]).T))
    apart = np.hypot(*(there[:, :2] - back[:, 2:]).T)
    assert np.allclose(apart, 2 * layout.lane_px)
    if isinstance(machine, Wafer) and machine.wafers == 1:
        assert np.allclose(length, layout.gap_px)


@given(machines, sizes, st.data())
def test_a_rubber_band_takes_exactly_what_it_touches(
    machine: Machine, size: tuple[int, int], data: st.DataObject
) -> None:
    layout = layout_of(machine, size)
    corners = data.draw(st.tuples(*[st.floats(0, 1500)] * 4))
    found = set(layout.dies_in(*corners))
    left, right = sorted((corners[0], corners[2]))
    top, bottom = sorted((corners[1], corners[3]))
    for die, (x, y, width, height) in enumerate(layout.die_xywh.tolist()):
        touches = x <= right and x + width >= left and y <= bottom and y + height >= top
        assert (die in found) == touches


@given(machines, st.data())
def test_arrow_keys_move_one_step_and_stop_at_the_edge(
    machine: Machine, data: st.DataObject
) -> None:
    layout = layout_of(machine, (900, 600))
    die = data.draw(st.integers(0, machine.die_count - 1))
    for way in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        row, col = layout.place[die]
        beyond = row + way[0], col + way[1]
        inside = 0 <= beyond[0] < len(layout.row_y) and 0 <= beyond[1] < len(layout.col_x)
        expected = beyond if inside else (row, col)
        assert tuple(layout.place[layout.neighbour(die, *way)]) == tuple(expected)


@pytest.mark.parametrize(
    ("rows", "cols", "size", "detail"),
    [(6, 8, (772, 543), CARD), (12, 16, (772, 543), SQUARE), (80, 95, (1600, 1000), IMAGE)],
)
def test_detail_follows_the_size_of_a_die(
    rows: int, cols: int, size: tuple[int, int], detail: str
) -> None:
    assert layout_of(Wafer(rows=rows, cols=cols), size).detail == detail


def test_the_default_window_shows_die_cards_of_the_size_promised() -> None:
    """DESIGN: 51 to 58 px in a canvas of 772 x 543."""
    assert 51 <= layout_of(Wafer(), (772, 543)).die_px <= 58


def test_detail_changes_at_the_sizes_promised() -> None:
    assert (CARD_PX, SQUARE_PX) == (44, 20)


def test_room_for_numbers_where_dies_have_no_names() -> None:
    named = canvas_of(Wafer(), 772, 543, 46, 28)
    small = canvas_of(Wafer(rows=12, cols=16), 772, 543, 46, 28)
    assert (small[0] - named[0], small[1] - named[1]) == AXIS_PX
