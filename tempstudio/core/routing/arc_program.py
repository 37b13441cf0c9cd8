"""The fractional multicommodity-flow program of SPEC 8 with a variable for every link.

Unicast flows of one source are one commodity (their sum can be split again), which makes the
program smaller by the number of flows a source has; a multicast has a flow to each target t and
uses a link as much as the largest, y_e >= f_e^t.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.routing.adjacency import Adjacency, adjacency_of
from tempstudio.core.routing.demands import Demands
from tempstudio.core.topology import Topology

LARGEST = 60_000  # variables up to which HiGHS needs seconds, not minutes


def arc_bound(topology: Topology, demands: Demands) -> float:
    """The least maximum link load [bytes] of any fractional routing, by HiGHS."""
    unit = float(demands.bytes.max())
    program = _Program(adjacency_of(topology), unit)
    single = np.diff(demands.target_start) == 1
    program.add_unicasts(demands, single)
    for demand in np.flatnonzero(~single):
        program.add_multicast(demands, int(demand))
    return program.solve() * unit


def arc_variables(topology: Topology, demands: Demands) -> int:
    """Variables of that program."""
    single = np.diff(demands.target_start) == 1
    alone = demands.source[single]
    ends = demands.target[demands.target_start[:-1][single]]
    commodities = min(len(np.unique(alone)), len(np.unique(ends)))
    many = np.diff(demands.target_start)[~single]
    return topology.links * int(commodities + np.sum(many + 1))


class _Program:
    """minimise L over flows x >= 0: conservation of each, and loads of at most c_e L."""

    def __init__(self, net: Adjacency, unit: float) -> None:
        self.net, self.unit = net, unit
        self.conserve: list[Any] = []  # one block a commodity, on its own variables
        self.supply: list[NDArray[np.float64]] = []
        self.loads: list[Any] = []  # what each block adds to the links
        self.copies: list[tuple[int, list[int]]] = []  # y block, its f blocks

    def add_unicasts(self, demands: Demands, chosen: NDArray[np.bool_]) -> None:
        """All flows of one target, one commodity for each source, or target if those are fewer."""
        source = demands.source[chosen]
        target = demands.target[demands.target_start[:-1][chosen]]
        amount = demands.bytes[chosen] / self.unit
        moving = source != target
        source, target, amount = source[moving], target[moving], amount[moving]
        backwards = len(np.unique(target)) < len(np.unique(source))
        roots, leaves = (target, source) if backwards else (source, target)
        for root in np.unique(roots).tolist():
            wanted = np.zeros(len(self.net.relays))
            of_root = roots == root
            np.add.at(wanted, leaves[of_root], amount[of_root])
            self._add_flow(root, wanted, backwards, 1.0)

    def add_multicast(self, demands: Demands, demand: int) -> None:
        """One flow of several targets: the links' use y, and a flow to each target below it."""
        from scipy import sparse

        root = int(demands.source[demand])
        links = len(self.net.tail)
        amount = float(demands.bytes[demand]) / self.unit
        use = len(self.conserve)
        self.conserve.append(sparse.csr_matrix((0, links)))
        self.supply.append(np.zeros(0))
        self.loads.append(sparse.diags(1.0 / self.net.capacity))
        flows = []
        for target in np.unique(demands.targets_of(demand)).tolist():
            if target != root:
                wanted = np.zeros(len(self.net.relays))
                wanted[target] = amount
                flows.append(len(self.conserve))
                self._add_flow(root, wanted, False, 0.0)
        self.copies.append((use, flows))

    def _add_flow(
        self, root: int, wanted: NDArray[np.float64], backwards: bool, load: float
    ) -> None:
        from scipy import sparse

        net = self.net
        links, vertices = len(net.tail), len(net.relays)
        out, into = (net.head, net.tail) if backwards else (net.tail, net.head)
        number = np.arange(links)
        allowed = net.relays[out] | (out == root)
        matrix = sparse.csr_matrix(
            (np.where(allowed, 1.0, 0.0), (into, number)), shape=(vertices, links)
        ) - sparse.csr_matrix((np.where(allowed, 1.0, 0.0), (out, number)), shape=(vertices, links))
        kept = np.arange(vertices) != root
        self.conserve.append(matrix[kept])
        self.supply.append(wanted[kept])
        self.loads.append(sparse.diags(load / net.capacity))

    def solve(self) -> float:
        """L, in units."""
        from scipy import sparse
        from scipy.optimize import linprog

        links = len(self.net.tail)
        blocks = len(self.conserve)
        rows = [sparse.hstack([*self.loads, -np.ones((links, 1))])]
        for use, flows in self.copies:
            for flow in flows:
                row: list[Any] = [sparse.csr_matrix((links, links))] * blocks
                row[use], row[flow] = -sparse.identity(links), sparse.identity(links)
                rows.append(sparse.hstack([*row, sparse.csr_matrix((links, 1))]))
        equal = sparse.block_diag([*self.conserve, sparse.csr_matrix((0, 1))], format="csr")
        above = sparse.vstack(rows, format="csr")
        cost = np.zeros(above.shape[1])
        cost[-1] = 1.0
        answer = linprog(
            cost,
            A_ub=above,
            b_ub=np.zeros(above.shape[0]),
            A_eq=equal,
            b_eq=np.concatenate(self.supply),
            method="highs-ipm",  # several times faster here than the simplex
        )
        if answer.status != 0:
            raise RuntimeError(f"HiGHS found no bound: {answer.message}")
        return float(answer.fun)
