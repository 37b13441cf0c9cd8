"""Graphs in layers: edges point down, nothing overlaps, no edge crosses a node, chains stand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tempstudio.scene.layered import lay_in_layers

GAP = (24.0, 36.0)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[float, float]], list[tuple[int, int]]]:
    count = draw(st.integers(1, 24))
    sizes = [(draw(st.floats(20, 200)), draw(st.floats(20, 80))) for _ in range(count)]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = {(min(p), max(p)) for p in draw(st.lists(pairs, max_size=40)) if p[0] != p[1]}
    return sizes, sorted(edges)


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_edges_point_down_and_nodes_keep_their_distance(graph: object) -> None:
    sizes, edges = graph  # type: ignore[misc]
    made = lay_in_layers(sizes, edges, GAP)
    for source, target in edges:
        assert made.y[source] + sizes[source][1] + GAP[1] <= made.y[target] + 1e-6
    for a in range(len(sizes)):
        for b in range(a):
            if made.layer[a] == made.layer[b]:
                apart = abs(made.x[a] - made.x[b])
                assert apart >= (sizes[a][0] + sizes[b][0]) / 2 + GAP[0] - 1e-6
    assert np.isfinite(made.x).all() and (made.x >= 0).all()


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_no_edge_runs_through_a_node(graph: object) -> None:
    sizes, edges = graph  # type: ignore[misc]
    made = lay_in_layers(sizes, edges, GAP)
    for (source, target), route in zip(edges, made.routes, strict=True):
        assert tuple(route[0]) == (made.x[source], made.y[source] + sizes[source][1])
        assert tuple(route[-1]) == (made.x[target], made.y[target])
        assert (np.diff(route[:, 1]) >= -1e-6).all()
        for x, y in route[1:-1].tolist():
            for node, (wide, tall) in enumerate(sizes):
                inside_x = abs(x - made.x[node]) < wide / 2
                assert not (inside_x and made.y[node] < y < made.y[node] + tall)


def test_a_chain_with_residuals_stands_upright() -> None:
    """The spine of a transformer layer is one vertical line; residuals pass beside it."""
    edges = [(0, 1), (1, 2), (2, 3), (0, 3), (3, 4), (4, 5), (3, 5)]
    made = lay_in_layers([(180.0, 60.0)] * 6, edges, GAP)
    assert np.ptp(made.x) < 1e-6
    assert made.routes[3][1, 0] > made.x[0] + 90


def test_one_node_and_none() -> None:
    assert lay_in_layers([], [], GAP).height == 0
    assert lay_in_layers([(10.0, 20.0)], [], GAP).height == 20
