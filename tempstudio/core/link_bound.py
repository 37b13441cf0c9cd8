"""How far the busiest link of a run's worst phase is from the least that any routing could reach.

A cut is known at once: what a die must send or receive, over its links.  Where the plan does not
attain it, the program of SPEC 8 finds the true optimum; it takes some tenths of a second, so it is
for answers that nobody waits for with a finger on the mouse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tempstudio.core.topology import topology_of
from tempstudio.core.wafer import Wafer

if TYPE_CHECKING:
    from tempstudio.core.run import Run

CUT, PROGRAM, DUAL = "cut", "linear program", "dual"
ATTAINED = 1.0 + 1e-9
MOST_FLOWS = 2000


def least_link_bytes(run: Run) -> tuple[float, str]:
    """(bytes over the busiest link in the best routing of the worst phase, which bound that is).

    "cut" where the plan attains it or the program would be too large, "linear program" for the
    fractional optimum over all routes, "dual" for what was only proved not to be beaten.
    """
    links, machine = run.score.links, run.project.machine
    flows = links.worst
    if flows is None or not isinstance(machine, Wafer):
        return links.bound_bytes, CUT
    if links.max_load_bytes <= links.bound_bytes * ATTAINED or len(flows) > MOST_FLOWS:
        return links.bound_bytes, CUT
    from tempstudio.core.routing.bound import bound_and_proof
    from tempstudio.core.routing.demands import Demands

    size = np.bincount(flows.parent, flows.bytes)
    first = np.unique(flows.parent, return_index=True)[1]
    wanted = first[(size[flows.parent[first]] > 0) & (flows.source[first] != flows.target[first])]
    demands = Demands.unicast(
        flows.source[wanted], flows.target[wanted], size[flows.parent[wanted]]
    )
    bound, exact = bound_and_proof(topology_of(machine), demands)
    if bound <= links.bound_bytes:
        return links.bound_bytes, CUT
    return bound, PROGRAM if exact else DUAL
