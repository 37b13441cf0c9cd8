"""Machines: what is allowed, what is refused in one line, and the links that follow."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempstudio.core.errors import InputError
from tempstudio.core.machine import Cluster, Die, Link, Wafer, machine_from_json, machine_to_json
from tempstudio.core.topology import topology_of


@st.composite
def wafers(draw: st.DrawFn) -> Wafer:
    rows, cols = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    count = draw(st.integers(1, 3))
    shape = Wafer(rows=rows, cols=cols, wafers=count)
    places = [shape.coordinate(die) for die in range(shape.die_count)]
    dead = draw(st.lists(st.sampled_from(places), unique=True, max_size=3))
    yields = draw(st.lists(st.sampled_from(places), unique=True, max_size=3))
    pairs = [(places[a], places[b]) for a, b in topology_of(shape).link_ids if a < b]
    links = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=3)) if pairs else []
    return Wafer(
        rows=rows,
        cols=cols,
        wafers=count,
        dead_dies=tuple(dead),
        dead_links=tuple(links),
        core_yield=tuple((*place, 0.5) for place in yields),
    )


@given(wafers())
def test_a_wafer_survives_its_document(wafer: Wafer) -> None:
    again = machine_from_json(machine_to_json(wafer))
    assert again == wafer
    assert hash(again) == hash(wafer)


@given(wafers())
def test_links_join_living_neighbours_both_ways(wafer: Wafer) -> None:
    topology = topology_of(wafer)
    for a, b in topology.link_ids:
        assert (b, a) in topology.link_ids
        assert a not in wafer.dead_ids
        assert b not in wafer.dead_ids
        first, second = wafer.coordinate(a), wafer.coordinate(b)
        assert wafer.neighbours(first, second)
        assert tuple(sorted((first, second))) not in wafer.dead_links
    assert sum(len(part) for part in topology.components) == wafer.alive_count


@given(wafers(), st.data())
def test_routes_are_live_walks_and_xy_is_shortest_where_it_is_free(
    wafer: Wafer, data: st.DataObject
) -> None:
    topology = topology_of(wafer)
    part = topology.components[0] if topology.components else ()
    if len(part) < 2:
        return
    a, b = data.draw(st.sampled_from(part)), data.draw(st.sampled_from(part))
    for path in (topology.xy_path(a, b), topology.yx_path(a, b), topology.shortest_path(a, b)):
        here = a
        for link in path:
            assert topology.source[link] == here
            here = int(topology.target[link])
        assert here == b
    apart = sum(abs(x - y) for x, y in zip(topology.places[a], topology.places[b], strict=True))
    assert len(topology.shortest_path(a, b)) >= apart


def test_a_joint_of_two_wafers_is_shared_by_its_rows() -> None:
    wafer = Wafer(rows=3, cols=2, wafers=2)
    topology = topology_of(wafer)
    joints = topology.bytes_per_s[topology.bytes_per_s != wafer.link.bytes_per_s]
    assert joints.tolist() == [9e12 / 3] * 6


def test_a_cluster_survives_its_document() -> None:
    cluster = Cluster(nodes=2, devices_per_node=4, device=Die(tile=64), inter=Link(bytes_per_s=1e9))
    assert machine_from_json(machine_to_json(cluster)) == cluster


def test_cluster_routes_stay_inside_a_node_where_they_can() -> None:
    topology = topology_of(Cluster(nodes=2, devices_per_node=4))
    fast, slow = topology.shortest_path(0, 3), topology.shortest_path(0, 4)
    assert {int(topology.target[link]) for link in fast} == {8, 3}
    assert {int(topology.target[link]) for link in slow} == {10, 4}


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"rows": 0}, "machine.rows"),
        ({"rows": 2.5}, "machine.rows"),
        ({"rows": True}, "machine.rows"),
        ({"rows": 10**9}, "machine.rows"),
        ({"rows": 1000, "cols": 1000}, "machine"),
        ({"kind": "cube"}, "machine.kind"),
        ({"die": {"HBM_GB": -1}}, "machine.die.HBM_GB"),
        ({"die": {"HBM_GB": "72"}}, "machine.die.HBM_GB"),
        ({"die": {"HBM_GB": math.nan}}, "machine.die.HBM_GB"),
        ({"die": {"HBM_GB": 10**400}}, "machine.die.HBM_GB"),
        ({"link": {"GBps": 0}}, "machine.link.GBps"),
        ({"link": []}, "machine.link"),
        ({"dead_dies": [[9, 9]]}, "machine.dead_dies"),
        ({"dead_dies": 3}, "machine.dead_dies"),
        ({"dead_links": [[[0, 0], [1, 1]]]}, "machine.dead_links"),
        ({"dead_links": [[[0, 0]]]}, "machine.dead_links"),
        ({"core_yield": [[0, 0, 0]]}, "machine.core_yield"),
        ({"core_yield": [[0, 0, 1.5]]}, "machine.core_yield"),
        ([], "machine"),
    ],
)
def test_a_wrong_document_is_refused_in_one_line(document: object, place: str) -> None:
    with pytest.raises(InputError) as caught:
        machine_from_json(document)
    text = str(caught.value)
    assert text.startswith(place)
    assert "\n" not in text
    assert len(text) < 250
