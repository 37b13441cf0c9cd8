"""Routes for an explicit list of flows: the document that `tempstudio route` reads and prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tempstudio.core.errors import InputError
from tempstudio.core.flow_copies import join_flows
from tempstudio.core.flows import Flows, make_flows, make_trees
from tempstudio.core.machine import Cluster, Machine, machine_from_json
from tempstudio.core.network import phase_time
from tempstudio.core.progress import Progress
from tempstudio.core.quantities import float_of, short_text
from tempstudio.core.routing.bound import bound_and_proof
from tempstudio.core.routing.demands import Demands
from tempstudio.core.routing.dimension_order import xy_routing
from tempstudio.core.routing.router import RouteOptions, route
from tempstudio.core.routing.routes import Routing
from tempstudio.core.topology import Topology, topology_of

MOST_FLOWS = 100_000
MOST_TARGETS = 1_000_000
MOST_BYTES = 1e30
ONE_PATH = ("sequential", "gemini")  # mappers whose flows go along the row, then the column
SPLIT = "traffic-conscious"


def route_report(
    document: Any,
    *,
    mapper: str = SPLIT,
    single_path: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Routes, the hottest link beside its bound, and the time of one phase (SURFACE.md, `route`).

    `document`: `{"machine": MACHINE, "flows": [{"source", "target" | "targets", "bytes"}, ...]}`.
    `InputError` names the key that is wrong, `NoPlanError` the parts of a mesh that is cut.

    >>> square = {"rows": 2, "cols": 2}
    >>> flow = {"source": [0, 0], "target": [1, 1], "bytes": 1e9}
    >>> report = route_report({"machine": square, "flows": [flow]})
    >>> report["max_link_bytes"], report["flows"][0]["routes"][0]["path"]
    (500000000.0, [[0, 0], [1, 0], [1, 1]])
    """
    progress = progress or Progress()
    machine, demands = read_flows(document)
    topology = topology_of(machine)
    routing = _router(mapper, single_path, seed, progress.part(0.0, 0.5))(topology, demands)
    progress.step(0.5, "bounding the load")
    bound, exact = bound_and_proof(topology, demands)
    flows = routed_flows(topology, routing)
    time_s = phase_time(flows, topology).duration_s
    alone_s = _alone_s(topology, demands)
    trees = ["targets" in flow for flow in document["flows"]]
    return {
        "max_link_bytes": routing.max_link_bytes,
        "bound_bytes": bound,
        "bound_exact": exact,
        "byte_hops": routing.byte_hops,
        "time_s": time_s,
        "contention_factor": time_s / alone_s if alone_s else 1.0,
        "flows": _routes_text(topology, routing, trees),
    }


def routed_flows(topology: Topology, routing: Routing) -> Flows:
    """A routing as flows of the network model, one row a route; what stays put is left out."""
    demands = routing.demands
    many = np.diff(demands.target_start)[routing.demand] > 1
    amounts = routing.route_bytes
    parts = []
    for chosen, tree in ((~many, False), (many, True)):
        rows = np.flatnonzero(chosen & (routing.hops > 0))
        links = [routing.link[routing.start[r] : routing.start[r + 1]].tolist() for r in rows]
        sources = demands.source[routing.demand[rows]]
        if tree and len(rows):
            parts.append(make_trees(topology, sources, links, amounts[rows]))
        elif len(rows):
            targets = demands.target[demands.target_start[routing.demand[rows]]]
            parts.append(make_flows(topology, sources, targets, amounts[rows], links))
    return join_flows(parts)


def _router(
    mapper: str, single_path: bool, seed: int, progress: Progress
) -> Callable[[Topology, Demands], Routing]:
    if mapper in ONE_PATH:
        return xy_routing
    if mapper == SPLIT:
        options = RouteOptions(single_path=single_path, seed=seed)
        return lambda topology, demands: route(topology, demands, options, progress)
    allowed = ", ".join((*ONE_PATH, SPLIT))
    raise InputError(f"mapper: found {short_text(mapper)}, allowed: {allowed}")


def _alone_s(topology: Topology, demands: Demands) -> float:
    """Longest time that any flow would need by itself on one shortest live path (SPEC 5)."""
    source, target, demand = demands.pairs
    pairs = Demands.unicast(source, target, demands.bytes[demand])
    paths = xy_routing(topology, pairs)
    moving = paths.hops > 0
    if not np.any(moving):
        return 0.0
    begins = paths.start[:-1][moving]
    slowest = np.minimum.reduceat(topology.bytes_per_s[paths.link], begins)
    latency = np.add.reduceat(topology.latency_s[paths.link], begins)
    return float(np.max(paths.route_bytes[moving] / slowest + latency))


def _routes_text(topology: Topology, routing: Routing, trees: list[bool]) -> list[dict[str, Any]]:
    names = [_name(topology.machine, vertex) for vertex in range(topology.vertices)]
    tails = [names[vertex] for vertex in topology.source.tolist()]
    heads = [names[vertex] for vertex in topology.target.tolist()]
    flows = []
    for demand, tree in enumerate(trees):
        source = names[int(routing.demands.source[demand])]
        ways: list[dict[str, Any]] = []
        for fraction, links in routing.routes_of(demand):
            if tree:
                edges = [[tails[link], heads[link]] for link in links.tolist()]
                ways.append({"fraction": fraction, "edges": edges})
            else:
                path = [source, *(heads[link] for link in links.tolist())]
                ways.append({"fraction": fraction, "path": path})
        flows.append({"trees" if tree else "routes": ways})
    return flows


def _name(machine: Machine, vertex: int) -> list[int] | str:
    """A die's coordinate; a cluster's switches have names."""
    if vertex < machine.die_count:
        return list(machine.coordinate(vertex))
    switch = vertex - machine.die_count
    return f"switch {switch}" if switch < machine.rows else "second switch"


def read_flows(document: Any) -> tuple[Machine, Demands]:
    if not isinstance(document, dict):
        raise InputError(f"flow file: found {short_text(document)}, expected an object")
    for key in ("machine", "flows"):
        if key not in document:
            raise InputError(f"{key}: found nothing, expected an object with machine and flows")
    machine = machine_from_json(document["machine"])
    flows = document["flows"]
    if not isinstance(flows, list) or not 0 < len(flows) <= MOST_FLOWS:
        found = f"{len(flows)} flows" if isinstance(flows, list) else short_text(flows)
        raise InputError(f"flows: found {found}, allowed: a list of 1 to {MOST_FLOWS} flows")
    sources, targets, sizes = [], [], []
    for number, flow in enumerate(flows):
        where = f"flows[{number}]"
        if not isinstance(flow, dict):
            raise InputError(f"{where}: found {short_text(flow)}, expected an object")
        sources.append(_die(machine, flow.get("source"), f"{where}.source"))
        targets.append(_targets(machine, flow, where))
        sizes.append(_bytes(flow.get("bytes"), f"{where}.bytes"))
    count = sum(map(len, targets))
    if count > MOST_TARGETS:
        raise InputError(f"flows: found {count} targets in all, allowed: at most {MOST_TARGETS}")
    return machine, Demands.multicast(sources, targets, sizes)


def _targets(machine: Machine, flow: dict[str, Any], where: str) -> list[int]:
    if ("target" in flow) == ("targets" in flow):
        found = "both" if "target" in flow else "neither"
        raise InputError(f"{where}: found {found}, expected either target or targets")
    if "target" in flow:
        return [_die(machine, flow["target"], f"{where}.target")]
    targets = flow["targets"]
    if not isinstance(targets, list) or not targets:
        found = short_text(targets)
        raise InputError(f"{where}.targets: found {found}, expected a list of at least one die")
    dies = [_die(machine, die, f"{where}.targets[{i}]") for i, die in enumerate(targets)]
    return list(dict.fromkeys(dies))


def _die(machine: Machine, value: Any, where: str) -> int:
    """The number of a working die given by its coordinate."""
    sizes: tuple[int, ...] = (machine.rows, machine.cols)
    if not isinstance(machine, Cluster) and machine.wafers > 1:
        sizes = (machine.wafers, *sizes)
    whole = isinstance(value, list) and all(type(x) is int for x in value)
    if not whole or len(value) != len(sizes) or not _inside(value, sizes):
        limits = " x ".join(map(str, sizes))
        raise InputError(f"{where}: found {short_text(value)}, allowed: a die inside {limits}")
    die = machine.die_id(tuple(value))
    if die in machine.dead_ids:
        raise InputError(f"{where}: found {value}, which is dead, allowed: a working die")
    return die


def _inside(place: list[int], sizes: tuple[int, ...]) -> bool:
    return all(0 <= x < size for x, size in zip(place, sizes, strict=True))


def _bytes(value: Any, where: str) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 < float_of(value) <= MOST_BYTES:
        found = short_text(value)
        raise InputError(f"{where}: found {found}, allowed: above 0, at most {MOST_BYTES:g}")
    return float(value)
