"""What faults leave of a mesh: live dies, and the parts into which they fall."""

from __future__ import annotations

from typing import Any

from tempstudio.core.faults import random_faults
from tempstudio.core.machine import Wafer
from tempstudio.core.topology import topology_of


def faulty_mesh(rows: int, cols: int, kind: str, rate: float, seed: int) -> dict[str, Any]:
    """Of the mesh with dies or links dead at a rate: live dies, parts, dies of the largest part."""
    rates = {"die_rate": rate} if kind == "die" else {"link_rate": rate}
    wafer = random_faults(Wafer(rows=rows, cols=cols), seed=seed, **rates)
    parts = _parts(wafer)
    return {
        "alive": wafer.alive_count,
        "dead_links": len(wafer.dead_links),
        "parts": len(parts),
        "largest": max(map(len, parts), default=0),
    }


def _parts(wafer: Wafer) -> list[set[int]]:
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(wafer.alive_ids)
    graph.add_edges_from(topology_of(wafer).link_ids)
    return [set(part) for part in networkx.connected_components(graph)]


def dead_cores(rows: int, cols: int, rate: float, seed: int, cores: int = 64) -> list[list[float]]:
    """The core yields of a wafer whose dies have `cores` cores, each dead with this rate.

    A core that is dead at one rate is dead at every higher one.
    """
    import numpy as np

    luck = np.random.default_rng(seed).random((rows, cols, cores))
    alive = 1.0 - (luck < rate).sum(axis=2) / cores
    return [[r, c, float(alive[r, c])] for r in range(rows) for c in range(cols) if alive[r, c] > 0]
