"""Published optima of routing beside the program's bound, its router, and XY and YX routes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tempstudio.core.flows import make_flows
from tempstudio.core.machine import Wafer
from tempstudio.core.network import link_bytes
from tempstudio.core.routing.bound import routing_bound
from tempstudio.core.routing.demands import Demands
from tempstudio.core.routing.router import route
from tempstudio.core.topology import Topology, topology_of
from tempstudio.validation.case import Case
from tempstudio.validation.row import ABOVE, Row

ROUTER_TOLERANCE = 0.05
BOUND_TOLERANCE = 1e-6
EXACT = 1e-9


def routing_rows(case: Case) -> Iterator[Row]:
    """The least maximum link load, what the router reaches, and that of XY and YX routes."""
    machine = _machine(case)
    topology = topology_of(machine)
    demands = _demands(case, machine.die_count)
    name = f"{case.id} {machine.rows}x{machine.cols}"
    published = case.number("lp_min_max_link_load")

    def row(
        value: float, computed: float, figure: str, rel_tol: float, sense: str = "equal"
    ) -> Row:
        return Row(
            id=name,
            kind="routing",
            published=value,
            computed=computed,
            source=case.source,
            figure=figure,
            unit="load of a link",
            rel_tol=rel_tol,
            sense=sense,
        )

    yield row(published, routing_bound(topology, demands), "bound", BOUND_TOLERANCE)
    load = route(topology, demands).max_link_bytes
    yield row(published, load, "router", ROUTER_TOLERANCE, ABOVE)
    for order in ("xy", "yx"):
        key = f"{order}_max_link_load"
        if case.has(key):
            yield row(case.number(key), _dimension_load(topology, demands, order), order, EXACT)


def _machine(case: Case) -> Wafer:
    rows, cols = case.whole("rows", most=64), case.whole("cols", most=64)
    dead = set()
    for pair in _lists(case, "dead_links", 2, []):
        a, b = (int(die) for die in pair)
        if min(a, b) < 0 or max(a, b) >= rows * cols:
            case.refuse("dead_links", f"pairs of dies from 0 to {rows * cols - 1}")
        dead.add((min(a, b), max(a, b)))
    links = tuple((divmod(a, cols), divmod(b, cols)) for a, b in sorted(dead))
    return Wafer(rows=rows, cols=cols, dead_links=links)


def _demands(case: Case, dies: int) -> Demands:
    flows = _lists(case, "demands", 3)
    if not flows:
        case.refuse("demands", "at least one [source, target, bytes]")
    table = np.array(flows, dtype=np.float64)
    ends = table[:, :2].astype(np.int64)
    if ends.min() < 0 or ends.max() >= dies or table[:, 2].min() <= 0:
        case.refuse("demands", f"dies from 0 to {dies - 1} and bytes above 0")
    return Demands.unicast(ends[:, 0], ends[:, 1], table[:, 2])


def _lists(
    case: Case, key: str, length: int, default: list[list[float]] | None = None
) -> list[list[float]]:
    value = case.document.get(key, default)
    fine = isinstance(value, list) and all(
        isinstance(item, list)
        and len(item) == length
        and all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in item)
        for item in value
    )
    if not fine or value is None:
        case.refuse(key, f"a list of lists of {length} numbers")
    return list(value)


def _dimension_load(topology: Topology, demands: Demands, order: str) -> float:
    flows = make_flows(topology, demands.source, demands.target, demands.bytes, route=order)
    return float(link_bytes(flows, topology).max(initial=0.0))
