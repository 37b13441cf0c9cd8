"""The traffic-conscious router: the load of the hottest link within 1.05 of the least there can be.

Four stages.  (1) Exchanges: every flow in turn is offered the cheapest path (or tree) under
prices that rise exponentially with the load of a link, and moves bytes to it by an exact line
search; the prices steepen as it settles, and by duality they also bound the load from below.
(2) Thinning out: four routes a flow; those of great flows are drawn anew until the load is low.
(3) Byte-hops: the same exchanges with a price on each hop and the load capped at 1.05 of the bound.
(4) Where flows are few and four routes each are hard to choose, linear programs over the routes
found.

The exchange is block-coordinate Frank-Wolfe with pairwise steps on the soft maximum (cf. Shahrokhi
and Matula 1990 and Young 1995 for the exponential prices, Lacoste-Julien et al. 2013 and 2015 for
the steps); the loop "hottest link, re-route over idle links" is that of SPEC 8.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from tempstudio.core.errors import InputError
from tempstudio.core.progress import Progress
from tempstudio.core.routing.demands import Demands
from tempstudio.core.routing.dimension_order import xy_routing
from tempstudio.core.routing.draft import Draft, draft_of
from tempstudio.core.routing.exchange import (
    CLOSE,
    MANY,
    SETTLED,
    Effort,
    Halt,
    place_all,
    relax,
    settle_few,
    straighten,
    take_detours,
    trim,
)
from tempstudio.core.routing.refine import refine, sharpen_bound
from tempstudio.core.routing.routes import Routing
from tempstudio.core.routing.single_path import single_paths
from tempstudio.core.routing.thinning import thin_out
from tempstudio.core.topology import FloatArray, Topology

WITHIN = 1.05  # of the bound: how much load may be paid for fewer byte-hops (SPEC 8)
ATTAINED = 1.002  # of the least load found, where that is above 1.05 of the bound
PROGRAMS = 600  # flows beyond which linear programs take too long
FEW = 100  # flows up to which one is worth some byte-hops
THINNED = 0.4  # of what may be paid: the room to shorten that four routes a flow should leave
NEAR_ENOUGH = 1.04  # of the bound: load of many flows that is worth no program


@dataclass(frozen=True, slots=True)
class RouteOptions:
    """What routes are allowed, and how long to look for them.

    `max_paths` routes a flow, each at most `max_detour` hops longer than its shortest live path
    (longer only where faults force it); `single_path`: one route a flow.  The same `seed` gives the
    same routes, unless `time_budget_s` cuts the work short.  `programs`: whether few flows may take
    linear programs, some tenths of a second.  `within`: the load, over its bound, up to which fewer
    byte-hops are worth more.
    """

    max_paths: int = 4
    max_detour: int = 6
    single_path: bool = False
    seed: int = 0
    time_budget_s: float | None = None
    programs: bool = True
    within: float = WITHIN

    def __post_init__(self) -> None:
        if self.max_paths < 1:
            raise InputError(f"max_paths: found {self.max_paths}, allowed: at least 1")
        if self.max_detour < 0:
            raise InputError(f"max_detour: found {self.max_detour}, allowed: at least 0")
        if not 1 <= self.within < np.inf:
            raise InputError(f"within: found {self.within}, allowed: at least 1")


def route_unicast(
    topology: Topology,
    source: ArrayLike,
    target: ArrayLike,
    bytes: ArrayLike,
    options: RouteOptions | None = None,
    progress: Progress | None = None,
) -> Routing:
    """Paths for concurrent flows: arrays [flows] of die numbers and bytes.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.topology import topology_of
    >>> corners = route_unicast(topology_of(Wafer(rows=4, cols=4)), [0], [15], [1.0])
    >>> round(corners.max_link_bytes, 6), round(corners.byte_hops, 6)
    (0.5, 6.0)
    """
    return route(topology, Demands.unicast(source, target, bytes), options, progress)


def route_multicast(
    topology: Topology,
    source: ArrayLike,
    targets: Sequence[Sequence[int]],
    bytes: ArrayLike,
    options: RouteOptions | None = None,
    progress: Progress | None = None,
) -> Routing:
    """Trees for concurrent flows that go to several targets each.

    >>> from tempstudio.core.machine import Wafer
    >>> from tempstudio.core.topology import topology_of
    >>> square = route_multicast(topology_of(Wafer(rows=2, cols=2)), [0], [[1, 2, 3]], [1.0])
    >>> round(square.max_link_bytes, 2), round(square.byte_hops, 6)
    (0.5, 3.0)
    """
    return route(topology, Demands.multicast(source, targets, bytes), options, progress)


def route(
    topology: Topology,
    demands: Demands,
    options: RouteOptions | None = None,
    progress: Progress | None = None,
    beside: FloatArray | None = None,
) -> Routing:
    """Routes for concurrent flows of one or more targets each, never hotter than XY or YX.

    `beside` [links]: bytes that others send at the same time over links of their own choice; the
    load is then that of all together.
    `InputError` names a flow that starts or ends on no working die, `NoPlanError` the parts of a
    mesh that faults cut between a source and a target.
    """
    options, progress = options or RouteOptions(), progress or Progress()
    halt = _alarm(options.time_budget_s)
    effort = Effort.of(len(demands), topology.vertices)
    slots = max(effort.slots, options.max_paths)
    draft = draft_of(topology, demands, slots, options.max_detour // 2, beside)
    found = [xy_routing(topology, demands), xy_routing(topology, demands, row_first=False)]
    if len(draft.demand) == 0:
        return found[0]
    place_all(draft)
    draft.raise_bound_at_ends()
    relax(draft, 0, effort.direct, 150.0, halt)
    progress.step(0.2, "routing over idle links")
    if options.single_path or options.max_paths == 1:
        found.append(_single(draft, options, effort, halt, progress.part(0.2, 1.0)))
    else:
        faulty = bool(topology.machine.dead_dies or topology.machine.dead_links)
        found += _split(draft, options, effort, faulty, halt, progress)
    progress.step(1.0, "routed")
    attainable = draft.attainable * draft.unit
    best = best_of(found, attainable, beside, options.within)
    return replace(best, bound_bytes=draft.bound * draft.unit)


def best_of(
    found: Sequence[Routing],
    bound: float,
    beside: FloatArray | None = None,
    within: float = WITHIN,
) -> Routing:
    """The fewest byte-hops among those within a share of the bound, or of the least load found."""
    others = 0.0 if beside is None else beside
    loads = [
        float(np.max((routing.link_bytes + others) / routing.capacity, initial=0.0))
        for routing in found
    ]
    limit = max(within * bound, min(loads)) * (1 + 1e-12)
    allowed = [i for i, load in enumerate(loads) if load <= limit]
    fewest = min(found[i].byte_hops for i in allowed) * (1 + 1e-9)
    short = [i for i in allowed if found[i].byte_hops <= fewest]
    return found[min(short, key=lambda i: loads[i])]


def _split(
    draft: Draft,
    options: RouteOptions,
    effort: Effort,
    faulty: bool,
    halt: Halt,
    progress: Progress,
) -> list[Routing]:
    """Candidates with several routes a flow, from a draft relaxed over shortest paths."""
    # Programs know nothing of others on the links.
    few = options.programs and not effort.large and not draft.beside.any()
    few &= len(draft.demand) <= PROGRAMS
    within = options.within
    direct, direct_load = draft.saved(), draft.max_load
    if draft.max_load > SETTLED * draft.bound:
        take_detours(draft, effort.detours, halt)
        if len(draft.demand) <= FEW:
            near, proven = CLOSE, draft.bound
        else:
            near, proven = NEAR_ENOUGH, draft.bound if faulty else draft.raise_attainable()
        if few and draft.max_load > near * proven:
            sharpen_bound(draft, faulty, halt)
        draft.raise_attainable()
    progress.step(0.5, "taking detours")
    found, spread = [], draft.saved()
    if direct_load <= within * draft.bound:
        draft.restore(direct)
        settle_few(draft, 0, options.max_paths)
        found.append(draft.routing())
        if draft.max_load <= within * draft.bound:
            if not draft.demands.is_unicast:  # trees of shortest paths are not the shortest trees
                cap = within * (1 - 1e-6) * draft.bound
                trim(draft, cap, options.max_paths, effort.trims, halt)
                found.append(draft.routing())
            return found
        draft.restore(spread)
    cap = max(within * (1 - 1e-6) * draft.attainable, ATTAINED * draft.max_load)
    enough = (1.0 - THINNED * (within - 1.0)) * cap
    thin_out(draft, options.max_paths, enough, effort.tries, options.seed, halt)
    found.append(draft.routing())
    load = draft.max_load
    least = trim(draft, cap, options.max_paths, effort.trims, halt)
    found.append(draft.routing())
    progress.step(0.8, "shortening routes")
    short = draft.byte_hops <= CLOSE * least or len(draft.demand) > FEW
    kept = min(load, draft.max_load) <= cap
    if few and not (short and kept) and not halt():
        draft.restore(spread)
        refine(draft, cap, options.max_paths, options.seed, halt, kept)
        found.append(draft.routing())
    if few and len(draft.demand) <= MANY and draft.demands.is_unicast:
        straighten(draft, cap, options.max_paths)
        found.append(draft.routing())
    return found


def _single(
    draft: Draft, options: RouteOptions, effort: Effort, halt: Halt, progress: Progress
) -> Routing:
    """The candidate with one route a flow."""
    if draft.max_load > SETTLED * draft.bound:
        take_detours(draft, effort.detours, halt)
    draft.confine(1)
    starts = int(np.clip(1500 // len(draft.demand), 2, 20))
    single_paths(draft, options.within, options.seed, starts, halt, progress)
    return draft.routing()


def _alarm(seconds: float | None) -> Halt:
    if seconds is None:
        return lambda: False
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end
