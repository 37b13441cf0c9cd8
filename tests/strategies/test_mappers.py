"""Mappers: every rank on a working die of its own, groups that can stream, routes that pay."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from models import llama

import tempstudio as ts
from tempstudio.core.appraise import step_seconds
from tempstudio.core.progress import Progress
from tempstudio.core.topology import topology_of
from tempstudio.strategies.mappers.gemini import Gemini, GeminiOptions, rank_traffic
from tempstudio.strategies.mappers.growth import grown_groups
from tempstudio.strategies.mappers.sequential import Sequential, SequentialOptions
from tempstudio.strategies.mappers.tilings import shapes_of, tilings
from tempstudio.strategies.mappers.traffic_conscious import (
    TrafficConscious,
    TrafficConsciousOptions,
)
from tempstudio.strategies.mappers.walks import snake, walks
from tempstudio.strategies.partitioners import Megatron3, TensorStream

MAPPERS = (
    (Sequential(), SequentialOptions()),
    (Gemini(), GeminiOptions(moves=300)),
    (TrafficConscious(), TrafficConsciousOptions(placements=4)),
)


@st.composite
def faulty_wafers(draw: st.DrawFn) -> ts.Wafer:
    rows, cols = draw(st.integers(2, 5)), draw(st.integers(2, 6))
    shape = ts.Wafer(rows=rows, cols=cols)
    places = [shape.coordinate(die) for die in range(shape.die_count)]
    dead = draw(st.lists(st.sampled_from(places), unique=True, max_size=3))
    pairs = [(places[a], places[b]) for a, b in topology_of(shape).link_ids if a < b]
    links = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=2))
    return ts.Wafer(rows=rows, cols=cols, dead_dies=tuple(dead), dead_links=tuple(links))


def partition_of(
    degrees: ts.Degrees, machine: ts.Wafer, partitioner: object = None
) -> ts.Partition:
    maker = partitioner or TensorStream()
    job = ts.TrainingJob(global_batch=64, seq_len=128)
    return maker.partition(llama(), machine, job, degrees, maker.Options(), Progress())


@given(faulty_wafers(), st.data())
@settings(max_examples=40)
def test_every_mapper_uses_working_dies_once_and_streams_between_neighbours(
    machine: ts.Wafer, data: st.DataObject
) -> None:
    stream = data.draw(st.integers(1, 6))
    tp = data.draw(st.sampled_from([1, 2, 4]))
    most = machine.alive_count // (stream * tp)
    assume(most >= 1)
    degrees = ts.Degrees(dp=data.draw(st.integers(1, most)), tp=tp, stream=stream)
    partition = partition_of(degrees, machine)
    for mapper, options in MAPPERS:
        try:
            mapping = mapper.map(partition, machine, options, np.random.default_rng(1), Progress())
        except ts.NoPlanError as error:
            assert "\n" not in str(error)
            continue
        assert len(set(mapping.placement)) == degrees.size
        assert not set(mapping.placement) & machine.dead_ids
        for group in mapping.groups_of("stream"):
            assert [mapping.placement[rank] for rank in group.ranks] == list(group.dies)
            assert ts.verify(group.schedule, None, machine.dead_links) == []
        again = mapper.map(partition, machine, options, np.random.default_rng(1), Progress())
        assert again.placement == mapping.placement
        assert again.routes == mapping.routes


@pytest.mark.parametrize(
    "degrees",
    [
        ts.Degrees(tp=4, dp=6, zero=3),
        ts.Degrees(tp=6, dp=4, zero=1),
        ts.Degrees(dp=24, zero=3),
    ],
)
def test_the_traffic_conscious_mapper_is_never_slower_than_row_major(degrees: ts.Degrees) -> None:
    machine = ts.Wafer(rows=4, cols=6)
    model = llama(hidden=768, heads=12, kv_heads=12)
    job = ts.TrainingJob(global_batch=64, seq_len=256)
    project = ts.Project(
        machine=machine,
        model=model,
        job=job,
        degrees=degrees,
        partitioner=ts.StrategyChoice("megatron3"),
    )
    plain = ts.run(project).score
    best = ts.run(replace(project, mapper=ts.StrategyChoice("traffic-conscious"))).score
    assert best.step_time_s <= plain.step_time_s * (1 + 1e-9)
    assert best.compute_s == pytest.approx(plain.compute_s)


def test_routes_relieve_columns_that_meet() -> None:
    """Megatron rows of six on eight columns: gathers along dp cross each other under XY."""
    machine = ts.Wafer(rows=6, cols=8)
    partition = partition_of(ts.Degrees(tp=4, dp=12, zero=3), machine, Megatron3())
    mapper = TrafficConscious()
    plain = mapper.map(
        partition,
        machine,
        TrafficConsciousOptions(reroute=False),
        np.random.default_rng(0),
        Progress(),
    )
    routed = mapper.map(
        partition, machine, TrafficConsciousOptions(), np.random.default_rng(0), Progress()
    )
    assert routed.placement == plain.placement
    before = step_seconds(partition, plain, machine)
    assert step_seconds(partition, routed, machine) <= before * (1 + 1e-9)


def test_annealing_never_ends_above_where_it_began() -> None:
    machine = ts.Wafer(rows=4, cols=6)
    partition = partition_of(ts.Degrees(tp=4, dp=6, zero=1), machine, Megatron3())
    traffic = rank_traffic(partition)
    assert traffic == pytest.approx(traffic.T)
    topology = topology_of(machine)

    def byte_hops(placement: tuple[int, ...]) -> float:
        return sum(
            traffic[a, b] * topology.hops(placement[a], placement[b])
            for a in range(24)
            for b in range(24)
            if a != b
        )

    plain = Sequential().map(
        partition, machine, SequentialOptions(), np.random.default_rng(0), Progress()
    )
    annealed = Gemini().map(
        partition, machine, GeminiOptions(moves=4000), np.random.default_rng(0), Progress()
    )
    assert byte_hops(annealed.placement) < byte_hops(plain.placement)
    moves, costs = zip(*annealed.convergence, strict=True)
    assert moves[0] == 0 and moves[-1] == 4000 and list(moves) == sorted(moves)
    assert list(costs) == sorted(costs, reverse=True)
    assert costs[0] == pytest.approx(byte_hops(plain.placement))
    assert costs[-1] == pytest.approx(byte_hops(annealed.placement))


@given(st.integers(1, 6), st.integers(1, 8), st.integers(1, 12))
def test_a_tiling_covers_each_place_at_most_once(rows: int, cols: int, area: int) -> None:
    mesh = frozenset((r, c) for r in range(rows) for c in range(cols))
    shapes = shapes_of(area, rows, cols)
    for count in {1, len(mesh) // area} - {0}:
        for tiles in tilings(rows, cols, mesh, shapes, count):
            cells = [(r + i, c + j) for r, c, h, w in tiles for i in range(h) for j in range(w)]
            assert len(cells) == len(set(cells)) == count * area
            assert mesh.issuperset(cells)


def test_different_shapes_stand_side_by_side() -> None:
    """4 x 4 groups alone cannot tile 6 x 8; one 2 x 8 with two 4 x 4 can."""
    mesh = frozenset((r, c) for r in range(6) for c in range(8))
    assert not list(tilings(6, 8, mesh, [(4, 4)], 3))
    assert list(tilings(6, 8, mesh, shapes_of(16, 6, 8), 3))


@given(st.integers(1, 7), st.integers(1, 7), st.sampled_from([1, 2, 4]))
def test_a_snake_visits_every_place_once(rows: int, cols: int, band: int) -> None:
    order = snake(rows, cols, band)
    assert sorted(order) == [(r, c) for r in range(rows) for c in range(cols)]


@given(faulty_wafers(), st.integers(1, 6))
@settings(max_examples=40)
def test_walks_and_grown_groups_step_between_living_neighbours(
    machine: ts.Wafer, size: int
) -> None:
    topology = topology_of(machine)
    if not topology.components:
        return
    part = topology.components[0]
    for walk in walks(topology, part, max(1, len(part) - 1)):
        assert len(set(walk)) == len(walk) >= len(part) - 1
        pairs = itertools.pairwise(walk)
        assert all(pair in topology.link_ids for pair in pairs)
    count = len(part) // size
    for placement in grown_groups(topology, part, size, count):
        assert len(set(placement)) == size * count
        for start in range(0, size * count, size):
            path = placement[start : start + size]
            pairs = itertools.pairwise(path)
            assert all(pair in topology.link_ids for pair in pairs)


def test_all_dies_round_the_faults_of_the_sample() -> None:
    """Thirty dies are left of 4 x 8; six paths of five use them all, row-major runs cannot."""
    machine = ts.Wafer(rows=4, cols=8, dead_dies=((1, 3), (2, 6)), dead_links=(((0, 1), (0, 2)),))
    partition = partition_of(ts.Degrees(dp=6, stream=5), machine)
    with pytest.raises(ts.NoPlanError):
        Sequential().map(
            partition, machine, SequentialOptions(), np.random.default_rng(0), Progress()
        )
    mapping = TrafficConscious().map(
        partition, machine, TrafficConsciousOptions(), np.random.default_rng(0), Progress()
    )
    assert set(mapping.placement) == set(machine.alive_ids)
