"""Bounds of collectives on meshes beside the program's, and how near its schedules come to them.

Held within 5 % where SPEC 5 says that large vectors attain the bound: all-gather and reduce-scatter
on cycles and lines, all-reduce on lines, all-to-all.  Elsewhere no schedule may beat the bound.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import networkx

from tempstudio.core.collectives import best_collective, collective_bound
from tempstudio.core.collectives.group import group_of
from tempstudio.core.machine import Link, Wafer
from tempstudio.core.topology import Topology, topology_of
from tempstudio.validation.case import Case
from tempstudio.validation.row import ABOVE, AT_LEAST, Row

SIZE = 1e12  # bytes, at 1 byte/s a link and no latency: times come out in S/B
ATTAINED = 0.05
BOUND_TOLERANCE = 1e-6
SUFFIX = "_in_S_over_B"
SENDS_ON_LINES_AND_CYCLES = ("all-gather", "reduce-scatter")


@dataclass(frozen=True)
class Figure:
    """A key of a case: whose bound it is, and what multiple of it."""

    op: str
    times: float = 1.0


BOUNDS = {
    "allgather_time_LB": Figure("all-gather"),
    "reduce_scatter_time_LB": Figure("reduce-scatter"),
    "allreduce_LB": Figure("all-reduce"),
    "alltoall_LB": Figure("all-to-all"),
    "broadcast_LB_corner": Figure("broadcast"),
    "allreduce_RS_AG_bandwidth_time": Figure("all-gather", 2.0),
}


def collective_rows(case: Case) -> Iterator[Row]:
    """Counts of the mesh, bounds, and the best schedules' times over them."""
    link = Link(bytes_per_s=1.0, latency_s=0.0)
    wafer = Wafer(rows=case.whole("rows", most=32), cols=case.whole("cols", most=32), link=link)
    topology = topology_of(wafer)
    name = f"mesh {wafer.rows}x{wafer.cols}"
    counted = _counts(topology)
    times: dict[str, float] = {}
    for key, published in case.document.items():
        if key in counted:
            if type(published) is not type(counted[key]):
                case.refuse(key, "yes or no" if key == "hamiltonian_cycle" else "a whole number")
            yield Row(name, "collective", published, counted[key], case.source, key, rel_tol=0.0)
        elif key.removesuffix(SUFFIX) in BOUNDS:
            figure = BOUNDS[key.removesuffix(SUFFIX)]
            yield from _bound_rows(case, key, figure, topology, name, times)
        elif key == "allgather_rounds_whole_chunks":
            chunk = wafer.die_count * _time("all-gather", topology, times)
            yield Row(
                name,
                "collective",
                case.whole(key, least=0),
                math.ceil(chunk - 1e-6),
                case.source,
                key,
                rel_tol=0.0,
            )


def _bound_rows(
    case: Case,
    key: str,
    figure: Figure,
    topology: Topology,
    name: str,
    times: dict[str, float],
) -> Iterator[Row]:
    published = case.number(key)
    members = topology.machine.alive_ids
    bound = figure.times * collective_bound(figure.op, members, SIZE, topology) / SIZE
    yield _row(case, name, published, bound, key, BOUND_TOLERANCE)
    if figure.times != 1.0:  # two collectives one after the other: their times have rows already
        return
    attained = _is_attained(figure.op, topology)
    yield _row(
        case,
        name,
        published,
        _time(figure.op, topology, times),
        f"best {figure.op}",
        ATTAINED if attained else 0.0,
        ABOVE if attained else AT_LEAST,
    )


def _row(
    case: Case,
    name: str,
    published: float,
    computed: float,
    figure: str,
    rel_tol: float,
    sense: str = "equal",
) -> Row:
    return Row(
        id=name,
        kind="collective",
        published=published,
        computed=computed,
        source=case.source,
        figure=figure,
        unit="S/B",
        rel_tol=rel_tol,
        sense=sense,
    )


def _time(op: str, topology: Topology, times: dict[str, float]) -> float:
    """Time of the best schedule in S/B."""
    if op not in times:
        members = topology.machine.alive_ids
        times[op] = best_collective(op, members, SIZE, topology).time_s / SIZE
    return times[op]


def _is_attained(op: str, topology: Topology) -> bool:
    """Whether SPEC 5 says that large vectors attain the bound."""
    group = group_of(tuple(topology.machine.alive_ids), topology)
    line = 1 in (topology.machine.rows, topology.machine.cols)
    if op in SENDS_ON_LINES_AND_CYCLES:
        return line or group.cycle is not None
    return op == "all-to-all" or (op == "all-reduce" and line)


def _counts(topology: Topology) -> dict[str, int | bool]:
    """What a mesh is: dies, links, diameter, the fewest links of a die, whether it has a cycle."""
    graph = topology.graph()
    dies = topology.machine.die_count
    group = group_of(tuple(topology.machine.alive_ids), topology)
    has_cycle = dies == 2 or group.cycle is not None
    return {
        "N": dies,
        "directed_links": topology.links,
        "diameter": networkx.diameter(graph) if dies > 1 else 0,
        "min_degree": min((degree for _, degree in graph.out_degree()), default=0),
        "hamiltonian_cycle": has_cycle,
    }
