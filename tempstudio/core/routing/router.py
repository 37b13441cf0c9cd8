"""The traffic-conscious router: the load of the hottest link within 1.05 of the least there can be.

Three stages.  (1) Exchanges: every flow in turn is offered the cheapest path (or tree) under prices
that rise exponentially with the load of a link, and moves bytes to it by an exact line search; the
prices steepen as it settles, and by duality they also bound the load from below.  (2) Byte-hops: the
same with a price on each hop and the load capped at 1.05 of that bound.  (3) Where flows are few and
four routes each are hard to choose, linear and mixed-integer programs over the routes found.

The exchange is block-coordinate Frank-Wolfe with pairwise steps on the soft maximum (cf. Shahrokhi
and Matula 1990 and Young 1995 for the exponential prices; Lacoste-Julien et al. 2013, 2015 for the
steps); the loop "hottest link, re-route over idle links" is that of SPEC 8.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tempstudio.core.progress import Progress
from tempstudio.core.routing.demands import Demands
from tempstudio.core.routing.dimension_order import xy_routing
from tempstudio.core.routing.draft import draft_of
from tempstudio.core.routing.exchange import (
    SETTLED,
    Effort,
    Halt,
    place_all,
    relax,
    settle_few,
    trim,
)
from tempstudio.core.routing.refine import refine, sharpen_bound
from tempstudio.core.routing.routes import Routing
from tempstudio.core.topology import Topology

WITHIN = 1.05  # of the bound: how much load may be paid for fewer byte-hops (SPEC 8)
CLOSE = 1.01  # of the bound: load or byte-hops that are not worth a linear program
PROGRAMS = 600  # flows beyond which linear programs take too long
TRACE = []


@dataclass(frozen=True, slots=True)
class RouteOptions:
    """What routes are allowed: `max_paths` a flow, `max_detour` hops above the shortest live path.

    `time_budget_s`: stop improving after that time; the answer then depends on the clock.
    """

    max_paths: int = 4
    max_detour: int = 6
    single_path: bool = False
    seed: int = 0
    time_budget_s: float | None = None


def route(
    topology: Topology,
    demands: Demands,
    options: RouteOptions | None = None,
    progress: Progress | None = None,
) -> Routing:
    """Routes for flows of one or more targets each."""
    options, progress = options or RouteOptions(), progress or Progress()
    halt = _alarm(options.time_budget_s)
    effort = Effort.of(len(demands))
    draft = draft_of(topology, demands, max(effort.slots, options.max_paths), options.max_detour // 2)
    if len(draft.demand) == 0:
        return draft.routing()
    found = [xy_routing(topology, demands), xy_routing(topology, demands, row_first=False)]
    TRACE.clear()
    place_all(draft)
    relax(draft, 0, effort.direct, 150.0, halt)
    TRACE.append(("direct", draft.max_load, draft.bound))
    direct, direct_load = draft.saved(), draft.max_load
    progress.step(0.3, "routing over idle links")
    if draft.max_load > SETTLED * draft.bound:
        relax(draft, draft.away, effort.detours, 400.0, halt)
        TRACE.append(("full", draft.max_load, draft.bound))
        if draft.max_load > CLOSE * draft.bound and len(demands) <= PROGRAMS:
            sharpen_bound(draft, _is_faulty(topology), halt)
            TRACE.append(("sharp", draft.max_load, draft.bound))
    spread = draft.saved()
    if direct_load <= WITHIN * draft.bound:
        draft.restore(direct)
        settle_few(draft, 0, options.max_paths)
        found.append(draft.routing())
        TRACE.append(("direct4", draft.max_load, draft.bound))
        if draft.max_load <= WITHIN * draft.bound:
            return best_of(found, draft.bound * draft.unit)
        draft.restore(spread)
    cap = max(WITHIN * (1 - 1e-6) * draft.bound, 1.002 * draft.max_load)
    progress.step(0.6, "shortening routes")
    least = trim(draft, cap, options.max_paths, effort.trims, halt)
    found.append(draft.routing())
    TRACE.append(("trim", draft.max_load, draft.bound, draft.byte_hops, least))
    good = draft.max_load <= cap and draft.byte_hops <= CLOSE * least
    if not good and len(demands) <= PROGRAMS:
        draft.restore(spread)
        refine(draft, cap, options.max_paths, options.seed, halt)
        TRACE.append(("lp", draft.max_load, draft.bound, draft.byte_hops))
        found.append(draft.routing())
    return best_of(found, draft.bound * draft.unit)


def best_of(found: Sequence[Routing], bound: float) -> Routing:
    """The fewest byte-hops among those within 1.05 of the bound, or of the least load found."""
    loads = [routing.max_link_bytes for routing in found]
    limit = max(WITHIN * bound, min(loads)) * (1 + 1e-12)
    allowed = [i for i, load in enumerate(loads) if load <= limit]
    fewest = min(found[i].byte_hops for i in allowed) * (1 + 1e-9)
    short = [i for i in allowed if found[i].byte_hops <= fewest]
    return found[min(short, key=lambda i: loads[i])]


def _is_faulty(topology: Topology) -> bool:
    """Whether dies or links of the machine are dead."""
    return bool(topology.machine.dead_dies or topology.machine.dead_links)


def _alarm(seconds: float | None) -> Halt:
    if seconds is None:
        return lambda: False
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end
