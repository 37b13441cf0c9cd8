"""Compiled inner loops of the router, a file a noun; imported only where they run."""

from tempstudio.core.routing.kernels.cuts import tree_bounds
from tempstudio.core.routing.kernels.distances import count_hops, priced_distances
from tempstudio.core.routing.kernels.paths import straight_paths
from tempstudio.core.routing.kernels.pricing import set_law
from tempstudio.core.routing.kernels.routes import shift, store
from tempstudio.core.routing.kernels.state import Flows, Prices, Scratch, Slots
from tempstudio.core.routing.kernels.sweeps import (
    cheapest_route,
    cheapest_routes,
    confine,
    reroute,
    sweep,
)

__all__ = [
    "Flows",
    "Prices",
    "Scratch",
    "Slots",
    "cheapest_route",
    "cheapest_routes",
    "confine",
    "count_hops",
    "priced_distances",
    "reroute",
    "set_law",
    "shift",
    "store",
    "straight_paths",
    "sweep",
    "tree_bounds",
]
