"""Routes for concurrent flows: the traffic-conscious router, its bound, and XY to set beside it."""

from __future__ import annotations

from tempstudio.core.routing.bound import multicast_bound, routing_bound, unicast_bound
from tempstudio.core.routing.demands import Demands, merge_copies
from tempstudio.core.routing.dimension_order import xy_routing
from tempstudio.core.routing.report import route_report, routed_flows
from tempstudio.core.routing.router import (
    RouteOptions,
    route,
    route_multicast,
    route_unicast,
)
from tempstudio.core.routing.routes import Routing

__all__ = [
    "Demands",
    "RouteOptions",
    "Routing",
    "merge_copies",
    "multicast_bound",
    "route",
    "route_multicast",
    "route_report",
    "route_unicast",
    "routed_flows",
    "routing_bound",
    "unicast_bound",
    "xy_routing",
]
