"""How far the busiest link of a run's worst phase is from the least that any routing could reach.

Cuts are known at once: what must leave or enter a part of the mesh, over the links there.  Where
the plan does not attain them, the program of SPEC 8 finds the true optimum; it takes some tenths of
a second, so it is for answers that nobody waits for with a finger on the mouse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tempstudio.core.topology import topology_of
from tempstudio.core.wafer import Wafer

if TYPE_CHECKING:
    from tempstudio.core.run import Run

CUT, PROGRAM = "cut", "linear program"
ATTAINED = 1.0 + 1e-9
MOST_VARIABLES = 20_000  # which HiGHS solves in about a second


def least_link_bytes(run: Run) -> tuple[float, str]:
    """(bytes over the busiest link in the best routing of the worst phase, which bound that is).

    "cut" where the plan attains it or the program would be too large, "linear program" for the
    fractional optimum over all routes.
    """
    links, machine = run.score.links, run.project.machine
    flows = links.worst
    if flows is None or not isinstance(machine, Wafer):
        return links.bound_bytes, CUT
    if links.max_load_bytes <= links.bound_bytes * ATTAINED:
        return links.bound_bytes, CUT
    from tempstudio.core.routing.arc_program import arc_bound, arc_variables
    from tempstudio.core.routing.demands import Demands

    size = np.bincount(flows.parent, flows.bytes)
    first = np.unique(flows.parent, return_index=True)[1]
    wanted = first[(size[flows.parent[first]] > 0) & (flows.source[first] != flows.target[first])]
    targets = flows.targets or [(die,) for die in flows.target.tolist()]
    demands = Demands.multicast(
        flows.source[wanted],
        [targets[row] for row in wanted.tolist()],
        size[flows.parent[wanted]],
    )
    topology = topology_of(machine)
    if arc_variables(topology, demands) > MOST_VARIABLES:
        return links.bound_bytes, CUT
    bound = arc_bound(topology, demands)
    return (bound, PROGRAM) if bound > links.bound_bytes else (links.bound_bytes, CUT)
