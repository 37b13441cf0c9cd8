"""One collective on one group by itself: the figures behind `tempstudio collective`."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

from tempstudio.core.collectives.algorithms import algorithms
from tempstudio.core.collectives.bounds import collective_bound
from tempstudio.core.collectives.choice import best_collective, collective_steps, steps_time
from tempstudio.core.errors import InputError
from tempstudio.core.machine import Cluster, Link, Machine, Wafer
from tempstudio.core.routes import ring_topology
from tempstudio.core.topology import Topology, topology_of

MOST_DIES = 4096

_GRID = re.compile(r"(\d+)[xX](\d+)")
_NAMED = re.compile(r"(ring|line):(\d+)")


def collective_report(
    op: str,
    group_text: str,
    bytes_total: float,
    algorithm: str | None = None,
    link_bytes_per_s: float | None = None,
    latency_s: float | None = None,
    machine: Machine | None = None,
) -> dict[str, Any]:
    """Time, bound, algorithm and number of steps of a collective on `RxC`, `ring:N` or `line:N`.

    The group has a machine of its own, with the links of `machine` (the default wafer's) unless
    `link_bytes_per_s` or `latency_s` say otherwise; on a cluster `RxC` is nodes x devices.
    `InputError` for what is wrong, `NoPlanError` where the algorithm cannot serve the group.

    >>> report = collective_report("all-reduce", "ring:8", 2**30, "ring")
    >>> report["steps"], report["algorithm"]
    (14, 'ring')
    """
    names = algorithms(op)
    if algorithm is not None and algorithm not in names:
        raise InputError(f"algorithm: found {algorithm!r}, allowed for {op}: {', '.join(names)}")
    _check("bytes", bytes_total)
    topology = group_topology(group_text, link_bytes_per_s, latency_s, machine)
    members = topology.machine.alive_ids
    bound_s = collective_bound(op, members, bytes_total, topology)
    if algorithm is None:
        algorithm, steps, time_s = best_collective(op, members, bytes_total, topology)
    else:
        steps = tuple(collective_steps(op, algorithm, members, bytes_total, topology))
        time_s = steps_time(steps, topology)
    return {
        "op": op,
        "group": group_text,
        "dies": len(members),
        "bytes": bytes_total,
        "algorithm": algorithm,
        "steps": len(steps),
        "time_s": time_s,
        "bound_s": bound_s,
        "efficiency": bound_s / time_s if time_s > 0 else 1.0,
    }


def group_topology(
    text: str,
    link_bytes_per_s: float | None = None,
    latency_s: float | None = None,
    machine: Machine | None = None,
) -> Topology:
    """The links of a group told as `RxC`, `ring:N` or `line:N`, by itself."""
    grid, named = _GRID.fullmatch(text.strip()), _NAMED.fullmatch(text.strip())
    rows, cols = (0, 0)
    if grid:
        rows, cols = int(grid[1]), int(grid[2])
    elif named:
        rows, cols = 1, int(named[2])
    if not 1 <= rows * cols <= MOST_DIES:
        raise InputError(
            f"group: found {text!r}, allowed: RxC, ring:N or line:N with 1 to {MOST_DIES} dies"
        )
    if isinstance(machine, Cluster) and grid:
        return topology_of(_cluster(machine, rows, cols, link_bytes_per_s, latency_s))
    link = Link()
    if machine is not None:
        link = machine.intra if isinstance(machine, Cluster) else machine.link
    link = _link(link, link_bytes_per_s, latency_s)
    if named and named[1] == "ring":
        return ring_topology(cols, link.data_bytes_per_s, link.latency_s)
    return topology_of(Wafer(rows=rows, cols=cols, link=link))


def _cluster(
    machine: Cluster, rows: int, cols: int, speed: float | None, delay: float | None
) -> Cluster:
    return replace(
        machine,
        nodes=rows,
        devices_per_node=cols,
        intra=_link(machine.intra, speed, delay),
        inter=_link(machine.inter, speed, delay),
    )


def _link(link: Link, bytes_per_s: float | None, latency_s: float | None) -> Link:
    if bytes_per_s is not None:
        _check("link-bandwidth", bytes_per_s, above=True)
        link = replace(link, bytes_per_s=float(bytes_per_s))
    if latency_s is not None:
        _check("latency", latency_s)
        link = replace(link, latency_s=float(latency_s))
    return link


def _check(what: str, value: float, above: bool = False) -> None:
    if not math.isfinite(value) or value < 0 or (above and value == 0):
        allowed = "a finite number above 0" if above else "a finite number from 0"
        raise InputError(f"{what}: found {value}, allowed: {allowed}")
