"""The event engine: what it must conserve, what may not change, and where a formula exists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempstudio.core.errors import InputError
from tempstudio.core.flow_copies import move_flows
from tempstudio.core.flows import make_flows
from tempstudio.core.fluid import Item, simulate_lanes, simulate_tasks
from tempstudio.core.machine import Link, Wafer
from tempstudio.core.network import link_bytes, phase_time
from tempstudio.core.routes import shift_map
from tempstudio.core.topology import Topology, topology_of

UNIT = Link(bytes_per_s=1.0, latency_s=0.0)
MESH = Wafer(rows=3, cols=3, link=Link(bytes_per_s=4e12, latency_s=2e-7))


def line(dies: int, latency_s: float = 0.0) -> Topology:
    return topology_of(Wafer(rows=1, cols=dies, link=Link(bytes_per_s=1.0, latency_s=latency_s)))


@st.composite
def items(draw, dies=9):
    """An item of a 3 x 3 mesh; often without flows, with a single one, or with empty ones."""
    count = draw(st.integers(0, 5))
    compute_s = draw(st.sampled_from([0.0, 1e-6]) | st.floats(0.0, 5e-6))
    if count == 0 and draw(st.booleans()):
        return Item(compute_s)
    die = st.lists(st.integers(0, dies - 1), min_size=count, max_size=count)
    size = st.sampled_from([0.0, 1e6, 4e6]) | st.floats(1.0, 1e7)
    sizes = draw(st.lists(size, min_size=count, max_size=count))
    return Item(compute_s, make_flows(topology_of(MESH), draw(die), draw(die), sizes))


lanes_of_items = st.lists(st.lists(items(), max_size=4), min_size=1, max_size=3)


@given(lanes_of_items, st.lists(st.floats(0.0, 5e-6), min_size=3, max_size=3))
@settings(deadline=None, max_examples=25)
def test_bytes_are_conserved_and_no_link_ever_carries_more_than_it_can(lanes, release):
    topology = topology_of(MESH)
    moved = np.zeros(topology.links)

    def watch(start_s, end_s, rate):
        assert end_s > start_s
        assert (rate <= topology.bytes_per_s * (1 + 1e-9)).all()
        moved[:] += (end_s - start_s) * rate

    times = simulate_lanes(lanes, topology, release[: len(lanes)], observe=watch)
    sent = [item.flows for lane in lanes for item in lane if item.flows is not None]
    wanted = sum((link_bytes(flows, topology) for flows in sent), np.zeros(topology.links))
    assert moved == pytest.approx(wanted, rel=1e-6, abs=1e-2)
    for lane, lane_times, at in zip(lanes, times, release, strict=False):
        follows = at
        for k, item in enumerate(lane):
            assert lane_times.start_s[k] == follows
            last = 0.0
            if item.flows is not None:
                finish = lane_times.finish_s[k]
                assert (finish[~item.flows.moving] == 0).all()
                # Nobody is faster than the narrowest link by itself lets it be.
                alone = item.flows.bytes / 4e12 + item.flows.latency_s
                assert (finish >= np.where(item.flows.moving, alone, 0) * (1 - 1e-9)).all()
                last = finish.max(initial=0.0)
            assert lane_times.duration_s[k] == max(item.compute_s, last)
            follows = lane_times.start_s[k] + lane_times.duration_s[k]


@given(lanes_of_items)
@settings(deadline=None, max_examples=25)
def test_a_simulation_repeats_exactly(lanes):
    first, again = (simulate_lanes(lanes, topology_of(MESH)) for _ in range(2))
    for one, two in zip(first, again, strict=True):
        assert one.start_s.tobytes() == two.start_s.tobytes()
        assert one.duration_s.tobytes() == two.duration_s.tobytes()


@given(st.lists(items(dies=6), min_size=1, max_size=4))
@settings(deadline=None, max_examples=25)
def test_the_closed_form_of_a_phase_is_what_the_engine_finds(lane):
    """A stranger in another row, where no flow passes, takes the engine off its short cut."""
    topology = topology_of(MESH)
    stranger = Item(0.0, make_flows(topology, [6, 7], [8, 6], [1e3, 2e9]))
    alone = simulate_lanes([lane], topology)[0]
    beside = simulate_lanes([[stranger], lane], topology)[1]
    assert beside.start_s == pytest.approx(alone.start_s, rel=1e-9, abs=1e-18)
    for one, two, item in zip(alone.finish_s, beside.finish_s, lane, strict=True):
        if item.flows is not None:
            assert one == pytest.approx(phase_time(item.flows, topology).finish_s)
            assert two == pytest.approx(one, rel=1e-9, abs=1e-18)


@given(st.lists(items(dies=3), max_size=4), st.lists(items(dies=6), max_size=4))
@settings(deadline=None, max_examples=25)
def test_lanes_whose_links_never_meet_do_not_see_one_another(upper, lower):
    """The second lane is moved down to the other rows: then neither changes by a single bit."""
    topology = topology_of(MESH)
    down, link = shift_map(topology, 1, 0)
    lower = [
        Item(item.compute_s, None if item.flows is None else move_flows(item.flows, down, link))
        for item in lower
    ]
    one, two = simulate_lanes([upper, lower], topology)
    for lane, together in ((upper, one), (lower, two)):
        alone = simulate_lanes([lane], topology)[0]
        assert together.start_s.tobytes() == alone.start_s.tobytes()
        assert together.duration_s.tobytes() == alone.duration_s.tobytes()


def test_strangers_share_plainly_and_flows_of_one_item_by_their_bytes():
    topology = line(2)
    small, large = make_flows(topology, [0], [1], 1.0), make_flows(topology, [0], [1], 9.0)
    one, two = simulate_lanes([[Item(0.0, small)], [Item(0.0, large)]], topology)
    assert (one.end_s, two.end_s) == (2.0, 10.0)  # half each until the small one is through
    both = make_flows(topology, [0, 0], [1, 1], [1.0, 9.0])
    assert simulate_lanes([[Item(0.0, both)]], topology)[0].finish_s[0].tolist() == [10.0, 10.0]


def test_an_items_flows_claim_one_share_each_on_average():
    topology = line(2)
    pair = make_flows(topology, [0, 0], [1, 1], [3.0, 1.0])  # weights 1.5 and 0.5, stranger 1
    other = make_flows(topology, [0], [1], 100.0)
    times = simulate_lanes([[Item(0.0, pair)], [Item(0.0, other)]], topology)
    assert times[0].finish_s[0] == pytest.approx([6.0, 6.0])  # 3 of every 3 x 2, 1 of 3 x 2 bytes


def test_taking_one_flow_away_changes_when_the_others_finish():
    topology = line(3)
    ends = [(0, 2, 4.0), (1, 2, 2.0), (0, 2, 1.0)]
    lanes = [[Item(0.0, make_flows(topology, [a], [b], [size]))] for a, b, size in ends]
    all_three = [lane.end_s for lane in simulate_lanes(lanes, topology)]
    assert all_three == [7.0, 5.0, 3.0]
    for gone in range(3):
        rest = [k for k in range(3) if k != gone]
        left = simulate_lanes([lanes[k] for k in rest], topology)
        assert all(lane.end_s < all_three[k] for lane, k in zip(left, rest, strict=True))


def test_a_flow_holds_no_bandwidth_while_it_is_only_late():
    topology = line(2, latency_s=50.0)
    send = Item(0.0, make_flows(topology, [0], [1], 10.0))
    first, second = simulate_lanes([[send], [send]], topology, release_s=[0.0, 10.0])
    assert (first.end_s, second.end_s) == (60.0, 70.0)


def test_a_late_stranger_takes_half_of_what_is_left():
    topology = line(2)
    send = Item(0.0, make_flows(topology, [0], [1], 10.0))
    first, second = simulate_lanes([[send], [send]], topology, release_s=[0.0, 4.0])
    assert (first.end_s, second.end_s) == (16.0, 20.0)


def test_halving_a_link_moves_only_what_uses_it_or_waits_for_that():
    """Two lanes on two rows; the second item of the first lane crosses the slower link."""
    whole = topology_of(Wafer(rows=2, cols=3, link=UNIT))
    speeds = whole.bytes_per_s.copy()
    speeds[whole.link_ids[1, 2]] /= 2
    halved = Topology(
        whole.machine,
        whole.vertices,
        whole.source,
        whole.target,
        speeds,
        whole.latency_s,
        whole.joule_per_bit,
    )
    upper = [Item(0.0, make_flows(whole, [a], [b], [6.0])) for a, b in ((0, 1), (0, 2), (1, 0))]
    lower = [Item(1.0, make_flows(whole, [a], [b], [4.0])) for a, b in ((3, 5), (5, 4), (3, 4))]
    (a, b), (c, d) = simulate_lanes([upper, lower], whole), simulate_lanes([upper, lower], halved)
    assert d.start_s.tolist() == b.start_s.tolist()
    assert d.duration_s.tolist() == b.duration_s.tolist()
    assert a.duration_s.tolist() == [6.0, 6.0, 6.0]
    assert c.duration_s.tolist() == [6.0, 12.0, 6.0]
    assert c.start_s.tolist() == [0.0, 6.0, 18.0]


def test_compute_and_flows_of_an_item_run_at_the_same_time():
    topology = line(2)
    send = make_flows(topology, [0, 0], [1, 0], [4.0, 9.0])  # the second stays on its die
    lane = simulate_lanes([[Item(3.0, send), Item(5.0, send), Item(2.0)]], topology)[0]
    assert lane.duration_s.tolist() == [4.0, 5.0, 2.0]
    assert lane.finish_s[0].tolist() == [4.0, 0.0]
    assert lane.finish_s[2] is None


def test_nothing_to_do_takes_no_time():
    topology = line(2)
    nothing = make_flows(topology, [0], [1], 0.0)
    assert simulate_lanes([[], [Item(0.0)], [Item(0.0, nothing)]], topology)[2].end_s == 0.0
    assert [lane.end_s for lane in simulate_lanes([[], []], topology)] == [0.0, 0.0]


def test_tasks_start_when_all_they_wait_for_has_ended():
    topology = line(3)
    send = make_flows(topology, [0], [1], 4.0)
    diamond = [Item(1.0), Item(2.0), Item(0.0, send), Item(1.0)]
    times = simulate_tasks(diamond, [(), (0,), (0,), (1, 2)], topology, [0.0, 0.0, 3.0, 0.0])
    assert times.start_s.tolist() == [0.0, 1.0, 3.0, 7.0]
    assert times.end_s == 8.0


def test_lanes_are_tasks_that_wait_for_the_one_before():
    topology = topology_of(MESH)
    a, b = make_flows(topology, [0, 4], [8, 2], 1e6), make_flows(topology, [3], [5], 3e6)
    lanes = [[Item(1e-6, a), Item(0.0, b)], [Item(0.0, b), Item(0.0, a)]]
    one, two = simulate_lanes(lanes, topology)
    tasks = simulate_tasks(lanes[0] + lanes[1], [(), (0,), (), (2,)], topology)
    assert tasks.start_s.tolist() == [*one.start_s, *two.start_s]
    assert tasks.duration_s.tolist() == [*one.duration_s, *two.duration_s]


@pytest.mark.parametrize(
    ("tasks", "waits", "release"),
    [
        ([Item(0.0), Item(0.0)], [(1,), (0,)], None),
        ([Item(0.0)], [(7,)], None),
        ([Item(0.0)], [(), ()], None),
        ([Item(-1.0)], [()], None),
        ([Item(float("nan"))], [()], None),
        ([Item(0.0)], [()], [float("inf")]),
        ([Item(0.0)], [()], [0.0, 0.0]),
    ],
)
def test_what_cannot_be_simulated_is_refused(tasks, waits, release):
    with pytest.raises(InputError):
        simulate_tasks(tasks, waits, line(2), release)
