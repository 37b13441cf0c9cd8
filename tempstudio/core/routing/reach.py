"""How far targets are, and the message where one cannot be reached."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.routing.adjacency import adjacency_of
from tempstudio.core.routing.demands import Demands
from tempstudio.core.topology import Topology


def checked_hops(topology: Topology, demands: Demands) -> NDArray[np.int32]:
    """Hops of the shortest live path to each target [pairs of `demands.pairs`].

    `InputError` names a flow that starts or ends on no working die, `NoPlanError` the parts of a
    mesh that is cut between a source and a target.
    """
    from tempstudio.core.routing.kernels import count_hops

    source, target, demand = demands.pairs
    if len(source) == 0:
        return np.zeros(0, dtype=np.int32)
    working = np.zeros(topology.machine.die_count, dtype=np.bool_)
    working[list(topology.machine.alive_ids)] = True
    for key, ends in (("source", source), ("target", target)):
        inside = (ends >= 0) & (ends < len(working))
        wrong = np.flatnonzero(~(inside & working[np.where(inside, ends, 0)]))
        if len(wrong):
            pair = wrong[0]
            die = int(ends[pair])
            what = f"{list(topology.machine.coordinate(die))} is dead" if inside[pair] else f"{die}"
            raise InputError(
                f"flows[{demand[pair]}].{key}: found die {what}, allowed: a working die"
            )
    hops = count_hops(adjacency_of(topology), source, target)
    cut = np.flatnonzero(hops < 0)
    if len(cut):
        raise NoPlanError(_cut_message(topology, int(source[cut[0]]), int(target[cut[0]])))
    return hops


def _cut_message(topology: Topology, source: int, target: int) -> str:
    machine = topology.machine
    ends = f"{list(machine.coordinate(source))} to {list(machine.coordinate(target))}"
    parts = topology.components
    listed = "; ".join(_part_text(topology, part) for part in parts[:4])
    more = f"; and {len(parts) - 4} more" if len(parts) > 4 else ""
    return f"no live path from die {ends}: the mesh is cut into {len(parts)} parts: {listed}{more}"


def _part_text(topology: Topology, part: Sequence[int]) -> str:
    named = ", ".join(str(list(topology.machine.coordinate(die))) for die in part[:6])
    dies = "1 die" if len(part) == 1 else f"{len(part)} dies"
    return f"{dies} ({named}{', ...' if len(part) > 6 else ''})"
