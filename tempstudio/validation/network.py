"""Published network times: collectives on rings, and patterns of concurrent flows on meshes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.collectives import algorithms, collective_steps, steps_time
from tempstudio.core.collectives.report import group_topology
from tempstudio.core.flows import make_flows
from tempstudio.core.machine import Link, Wafer
from tempstudio.core.network import link_bytes, phase_time
from tempstudio.core.routing.demands import Demands
from tempstudio.core.routing.router import route
from tempstudio.core.topology import Topology, topology_of
from tempstudio.validation.case import Case
from tempstudio.validation.row import AT_MOST, Row

MOST_DIES = 4096
EXACT = 1e-9
_LIMIT = re.compile(r"at or below (\d+(?:\.\d+)?)")

Targets = NDArray[np.int32]


def collective_time_rows(case: Case) -> Iterator[Row]:
    """The time of one collective by a named algorithm on a ring, a line or a mesh of its own."""
    op, n = case.text("op"), case.whole("n", most=MOST_DIES)
    shape = case.text("topology")
    group = f"{shape}:{n}" if shape in ("ring", "line") else shape
    topology = group_topology(
        group, case.number("link_B_per_s", least=1e-9), case.number("latency_s", default=0.0)
    )
    algorithm = re.split(r"[ (]", case.text("algorithm").strip())[0]
    if algorithm not in algorithms(op):
        case.refuse("algorithm", ", ".join(algorithms(op)))
    members = topology.machine.alive_ids
    size = case.number("bytes_per_rank") * len(members) if case.has("bytes_per_rank") else None
    size = case.number("bytes_total") if size is None else size
    steps = collective_steps(op, algorithm, members, size, topology, order=members)
    yield Row(
        id=case.id,
        kind="network: collective",
        published=case.number("expected_s"),
        computed=steps_time(steps, topology),
        source=case.source,
        unit="s",
        rel_tol=case.number("rel_tol", default=0.001),
    )


def pattern_rows(case: Case) -> Iterator[Row]:
    """Cycles of a pattern in which every die sends as many flits to one other."""
    topology = topology_of(
        Wafer(
            rows=case.whole("rows", most=64),
            cols=case.whole("cols", most=64),
            link=Link(bytes_per_s=1.0, latency_s=0.0),
        )
    )
    target = _targets(case, topology)
    flits = _flits(case)
    measured = case.document.get("measured_cycles")
    if isinstance(measured, dict):
        yield from _mixed_rows(case, topology, target, flits, case.numbers("measured_cycles"))
        return
    routing = case.text("routing", "xy")
    cycles, busiest = _cycles(topology, target, flits, routing, case)
    if case.has("max_flows_per_link"):
        most = case.number("max_flows_per_link")
        yield _row(case, most, busiest / flits, "flows on the busiest link", "flows", EXACT)
    if case.has("bound_cycles"):
        bound = case.number("bound_cycles")
        yield _row(case, bound, cycles, "bound", "cycles", EXACT)
    figures = measured if isinstance(measured, list) else [measured]
    if not figures or not all(isinstance(value, (int, float)) for value in figures):
        case.refuse("measured_cycles", "a number of cycles, or several")
    for number, published in enumerate(figures):
        fair = number == len(figures) - 1
        yield _row(
            case,
            float(published or 0),
            cycles,
            "measured" if fair else "measured, unfair arbitration",
            "cycles",
            case.number("rel_tol", default=0.01) if fair else None,
        )


def _row(
    case: Case,
    published: float,
    computed: float,
    figure: str,
    unit: str,
    rel_tol: float | None,
    sense: str = "equal",
) -> Row:
    return Row(
        id=case.id,
        kind="network: pattern",
        published=published,
        computed=computed,
        source=case.source,
        figure=figure,
        unit=unit,
        rel_tol=rel_tol,
        sense=sense,
    )


def _mixed_rows(
    case: Case, topology: Topology, target: Targets, flits: float, measured: dict[str, float]
) -> Iterator[Row]:
    """One routing after the other; the traffic-conscious router beside what a case asks of it."""
    source = np.arange(len(target), dtype=np.int32)
    moves = source != target
    found = route(
        topology, Demands.unicast(source[moves], target[moves], np.full(moves.sum(), 1.0))
    )
    for name, published in measured.items():
        if name in ROUTES:
            computed, _ = _cycles(topology, target, flits, name, case)
            tolerance = case.number("rel_tol", default=0.01)
            yield _row(case, published, computed, name, "cycles", tolerance)
        else:
            computed = found.max_link_bytes * flits
            yield _row(case, published, computed, f"{name}, beside our router", "cycles", None)
    limit = _LIMIT.search(case.text("note", ""))
    if limit:
        load = found.max_link_bytes
        yield _row(case, float(limit[1]), load, "our router", "flows", EXACT, AT_MOST)


def _cycles(
    topology: Topology, target: Targets, flits: float, routing: str, case: Case
) -> tuple[float, float]:
    """(cycles until all have arrived, flits over the busiest link)."""
    if routing not in ROUTES:
        case.refuse("routing", ", ".join(ROUTES))
    flows = make_flows(topology, np.arange(len(target)), target, flits, route=routing)
    busiest = float(link_bytes(flows, topology).max(initial=0.0))
    return phase_time(flows, topology).duration_s, busiest


ROUTES = ("xy", "yx")


def _flits(case: Case) -> float:
    """Flits a flow: told by bound and load, or by the source in words."""
    if case.has("bound_cycles", "max_flows_per_link"):
        return case.number("bound_cycles") / case.number("max_flows_per_link", least=1e-9)
    said = re.search(r"sends (\d+) flits", case.source)
    return float(said[1]) if said else 1024.0


def _targets(case: Case, topology: Topology) -> Targets:
    """Where each die sends to."""
    name = re.split(r"[ :(]", case.text("pattern").strip().lower())[0]
    if name not in PATTERNS:
        case.refuse("pattern", ", ".join(PATTERNS))
    machine = topology.machine
    return PATTERNS[name](machine.rows, machine.cols, case)


def _transpose(rows: int, cols: int, case: Case) -> Targets:
    if rows != cols:
        case.refuse("rows", f"as many as columns ({cols}) for a transpose")
    return np.arange(rows * cols, dtype=np.int32).reshape(rows, cols).T.ravel().copy()


def _index_bits(rows: int, cols: int, case: Case) -> int:
    bits = (rows * cols).bit_length() - 1
    if 1 << bits != rows * cols:
        case.refuse("rows", "as many dies as a power of two for a pattern of index bits")
    return bits


def _shuffle(rows: int, cols: int, case: Case) -> Targets:
    """The index's bits rotated left by one."""
    bits = _index_bits(rows, cols, case)
    index = np.arange(rows * cols)
    return ((index << 1 | index >> (bits - 1)) & (rows * cols - 1)).astype(np.int32)


def _bit_reverse(rows: int, cols: int, case: Case) -> Targets:
    bits = _index_bits(rows, cols, case)
    index = np.arange(rows * cols)
    turned = sum(((index >> k) & 1) << (bits - 1 - k) for k in range(bits))
    return np.asarray(turned, dtype=np.int32)


def _complement(rows: int, cols: int, case: Case) -> Targets:
    return np.arange(rows * cols, dtype=np.int32)[::-1].copy()


def _tornado(rows: int, cols: int, case: Case) -> Targets:
    """Half the row further on, as far as a mesh without wrap-around is wide."""
    place = np.arange(rows * cols).reshape(rows, cols)
    return np.roll(place, -(-(-cols // 2) - 1), axis=1).ravel().astype(np.int32)


PATTERNS: dict[str, Callable[[int, int, Case], Targets]] = {
    "transpose": _transpose,
    "shuffle": _shuffle,
    "bitrev": _bit_reverse,
    "bit-reverse": _bit_reverse,
    "bit-reversal": _bit_reverse,
    "bitcomp": _complement,
    "bit-complement": _complement,
    "reverse": _complement,
    "tornado": _tornado,
}
