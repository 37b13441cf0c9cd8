"""The least maximum link load that any routing can have, fractional and over routes of any length.

For flows of one target each: exchanges find near-optimal routes and link prices, a linear program
over those routes the optimum over them, and its duals either prove it the optimum over all routes
(then the dual bound equals it to rounding) or price in better ones.  Multicasts and what does not
end this way go to the program with a variable for every link.
"""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from tempstudio.core.routing.arc_program import LARGEST, arc_bound, arc_variables
from tempstudio.core.routing.demands import Demands
from tempstudio.core.routing.draft import draft_of
from tempstudio.core.routing.exchange import Effort, place_all, relax, take_detours
from tempstudio.core.routing.refine import EXACT, LONGEST, least_load_routes
from tempstudio.core.topology import Topology

MOST_FLOWS = 2000  # up to which a program over routes is solved
MOST_LINKS = 4000
LARGEST_TREES = 6_000  # variables of a program of multicasts that HiGHS solves in about a second
AWAY = 6  # steps away from its target that a route may take before longer ones are tried


def unicast_bound(
    topology: Topology, source: ArrayLike, target: ArrayLike, bytes: ArrayLike
) -> float:
    """Bytes over the hottest link in the best fractional routing of flows of one target each.

    Arrays [flows].  Links of other bandwidth than the machine's ordinary link count their bytes
    over their relative bandwidth.  `NoPlanError` where a target cannot be reached.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.topology import topology_of
    >>> round(unicast_bound(topology_of(Wafer(rows=4, cols=4)), [0], [1], [1.0]), 9)
    0.5
    """
    return routing_bound(topology, Demands.unicast(source, target, bytes))


def multicast_bound(
    topology: Topology, source: ArrayLike, targets: Sequence[Sequence[int]], bytes: ArrayLike
) -> float:
    """The same for flows with several targets each, all of which get the same bytes.

    Routers split a multicast over trees; the bound also allows what only coding in the dies could
    reach, so the best trees may lie above it.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.topology import topology_of
    >>> round(multicast_bound(topology_of(Wafer(rows=2, cols=2)), [0], [[1, 2, 3]], [1.0]), 9)
    0.5
    """
    return routing_bound(topology, Demands.multicast(source, targets, bytes))


def routing_bound(topology: Topology, demands: Demands) -> float:
    """The bound of any demands [bytes]; see `bound_and_proof`."""
    return bound_and_proof(topology, demands)[0]


def bound_and_proof(topology: Topology, demands: Demands) -> tuple[float, bool]:
    """The bound [bytes], and whether it is the exact optimum (to 1e-9 of it).

    Of very many flows, or very many targets, it is only what duality proves: no routing is below
    it, and the optimum is usually within some per cent above.
    """
    effort = Effort.of(len(demands), topology.vertices)
    draft = draft_of(topology, demands, effort.slots, AWAY)
    if len(draft.demand) == 0:
        return 0.0, True
    place_all(draft)
    draft.raise_bound_at_ends()
    relax(draft, 0, effort.direct, 150.0, _never)
    take_detours(draft, effort.detours, _never)
    small = len(draft.demand) <= MOST_FLOWS and topology.links <= MOST_LINKS
    if demands.is_unicast and small:
        for away in (AWAY, LONGEST):
            if away > AWAY:
                draft.widen(min(away, max(AWAY, topology.vertices // 2)))
            least = least_load_routes(draft, _never)
            if least <= draft.bound * (1.0 + EXACT):
                return least * draft.unit, True
    if arc_variables(topology, demands) <= (LARGEST if demands.is_unicast else LARGEST_TREES):
        return arc_bound(topology, demands), True
    return draft.bound * draft.unit, False


def _never() -> bool:
    return False
